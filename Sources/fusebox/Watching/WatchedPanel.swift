import Foundation

/// The last known breakers, from which the changes in a whole panel (`resync`) are derived.
struct WatchedPanel {
    private var summaries: [String: WatchedBreakerDocument] = [:]
    /// Whether a whole panel has arrived.
    private(set) var isKnown = false

    /// - Returns: the changes to show; none for the panel at the start of a stream, because nothing has changed.
    mutating func take(_ change: ChangeDocument) -> [ChangeLine] {
        if let panel = change.breakers { return replace(with: panel, at: change.at) }
        guard let summary = change.summary else { return [] }
        summaries[summary.name] = summary.state == nil ? nil : summary
        return [ChangeLine(change, of: summary)]
    }

    private mutating func replace(with panel: [WatchedBreakerDocument], at moment: Date) -> [ChangeLine] {
        defer {
            summaries = Dictionary(panel.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
            isKnown = true
        }
        guard isKnown else { return [] }
        let gone = Set(summaries.keys).subtracting(panel.map(\.name)).sorted()
        return panel.filter { summaries[$0.name] != $0 }
            .map { ChangeLine(missed: $0, known: summaries[$0.name], at: moment) }
            + gone.map { ChangeLine(at: moment, name: $0, what: "deleted", why: "details unknown") }
    }
}

/// A change on one line.
struct ChangeLine: Hashable, Sendable {
    var at: Date
    var name: String
    var what: String
    /// The state after the change.
    var state: String?
    var why = ""
    var isOrder = false

    init(at: Date, name: String, what: String, why: String) {
        (self.at, self.name, self.what, self.why) = (at, name, what, why)
    }

    init(_ change: ChangeDocument, of summary: WatchedBreakerDocument) {
        (at, name, state) = (change.at, summary.name, summary.state)
        what = change.type
        if let transition = change.transition {
            what = transition.from == transition.to ? transition.to : "\(transition.from) → \(transition.to)"
            why = transition.detail
        } else if let actor = change.actor {
            why = "by \(actor)"
        }
        isOrder = change.actor != nil
    }

    /// A change whose result alone is known.
    fileprivate init(missed summary: WatchedBreakerDocument, known: WatchedBreakerDocument?, at: Date) {
        (self.at, name, state) = (at, summary.name, summary.state)
        let new = summary.state ?? ""
        what = known?.state.map { $0 == new ? new : "\($0) → \(new)" } ?? "created, \(new)"
        why = "details unknown"
        if let override = summary.override {
            why += "; \(override.mode) by \(override.actor): \(override.reason)"
        } else if known?.override != nil {
            why += "; its override has ended"
        }
    }

    private var style: Style {
        guard what.contains("→") || what.hasPrefix("created") else { return isOrder ? .ordered : .plain }
        return BreakerDocument.stateStyle(state ?? "")
    }

    /// "2026-11-24 19:50:33Z  payments  closed → open  5 consecutive failures; the last: timeout from checkout-7".
    func text(on screen: Screen) -> String {
        let moment = TimestampText.seconds(at)
        let parts = [
            (screen.isTerminal ? String(moment.suffix(9)) : moment, Style.faint), (name, .strong), (what, style),
            (why, .plain),
        ]
        var (line, room) = ("", screen.width ?? .max)
        for (text, style) in parts where !text.isEmpty {
            let gap = line.isEmpty ? "" : "  "
            guard room > gap.count else { break }
            let text = text.printable.cut(to: room - gap.count)
            room -= gap.count + text.columns
            line += gap + screen.paint(text, style)
        }
        return line
    }
}
