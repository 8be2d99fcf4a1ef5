import BreakerAPI
import BreakerCore
import BreakerText

/// The last known breakers, from which the changes in a whole panel (`resync`) are derived.
struct WatchedPanel {
    private var summaries: [String: BreakerSummaryDocument] = [:]
    /// Whether a whole panel has arrived.
    private(set) var isKnown = false

    /// - Returns: the changes to show; none for the panel at the start of a stream, because nothing has changed.
    mutating func take(_ event: EventDocument) -> [ChangeLine] {
        if let panel = event.breakers { return replace(with: panel, at: event.at) }
        guard let name = event.name else { return [] }
        summaries[name] = event.summary
        return [ChangeLine(event, of: name)]
    }

    private mutating func replace(with panel: [BreakerSummaryDocument], at moment: Instant) -> [ChangeLine] {
        defer {
            summaries = Dictionary(panel.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
            isKnown = true
        }
        guard isKnown else { return [] }
        let gone = Set(summaries.keys).subtracting(panel.map(\.name)).sorted()
        return panel.filter { breaker in summaries[breaker.name].map { !$0.isSame(as: breaker) } ?? true }
            .map { ChangeLine(missed: $0, known: summaries[$0.name], at: moment) }
            + gone.map { ChangeLine(at: moment, name: $0, what: "deleted", why: "details unknown") }
    }
}

extension BreakerSummaryDocument {
    /// Whether the breakers differ in nothing but instants, which all move if the server's clock is set.
    fileprivate func isSame(as other: BreakerSummaryDocument) -> Bool {
        state == other.state && generation == other.generation && policyRevision == other.policyRevision
            && override?.mode == other.override?.mode && override?.reason == other.override?.reason
            && override?.actor == other.override?.actor
    }
}

/// A change on one line.
struct ChangeLine: Hashable, Sendable {
    var at: Instant
    var name: String
    var what: String
    /// The state after the change.
    var state: String?
    var why = ""
    var isOrder = false

    init(at: Instant, name: String, what: String, why: String) {
        (self.at, self.name, self.what, self.why) = (at, name, what, why)
    }

    init(_ event: EventDocument, of name: String) {
        (at, self.name, state) = (event.at, name, event.summary?.state)
        what = event.type
        if let transition = event.transition {
            what = transition.from == transition.to ? transition.to : "\(transition.from) → \(transition.to)"
            why = transition.detail
        } else if let actor = event.actor {
            why = "by \(actor)"
        }
        isOrder = event.actor != nil
    }

    /// A change whose result alone is known.
    fileprivate init(missed summary: BreakerSummaryDocument, known: BreakerSummaryDocument?, at: Instant) {
        (self.at, name, state) = (at, summary.name, summary.state)
        let new = summary.state
        what = known.map { $0.state == new ? new : "\($0.state) → \(new)" } ?? "created, \(new)"
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
