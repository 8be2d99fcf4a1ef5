import BreakerAPI
import BreakerCore
import BreakerText

/// The screen's content while a server is watched.
struct WatchView {
    enum Content {
        case list(BreakerListDocument)
        case page(BreakerDocument, ExplanationDocument)
        /// The watched breaker was deleted.
        case gone(String)
    }

    /// The server's address and the watched breakers.
    let title: String
    var content: Content?
    /// How far the server's clock is ahead of this machine's, in milliseconds.
    var clockAheadMs: Int64 = 0
    /// Why the connection is lost; `nil` while it is connected.
    var trouble: String?
    /// When the server last sent anything.
    var lastSign: Instant
    private var changes: [ChangeLine] = []

    /// Longer than the interval of heartbeats, with room for a busy machine.
    private static let patienceMs: Int64 = 5_000
    private static let keptChanges = 20

    init(title: String, at now: Instant) {
        self.title = title
        lastSign = now
    }

    mutating func add(_ lines: [ChangeLine]) {
        changes = Array((changes + lines).suffix(Self.keptChanges))
    }

    func isStale(at now: Instant) -> Bool { trouble != nil || lastSign.milliseconds(until: now) > Self.patienceMs }

    /// The lines for the whole screen except its last line, where the cursor stays.
    func lines(on screen: Screen, at now: Instant) -> [String] {
        let height = max(1, screen.height - 1)
        let head = [heading(on: screen, at: now)]
        let tail = recent(on: screen)
        let room = max(0, height - head.count - tail.count)
        return Array((head + body(on: screen, room: room, at: now) + tail).prefix(height))
    }

    private func heading(on screen: Screen, at now: Instant) -> String {
        let (status, style) = status(at: now)
        let width = screen.width ?? 80
        let right = status.printable.cut(to: max(0, width - 12))
        let left = title.printable.cut(to: max(0, width - right.columns - 2))
        let space = String(repeating: " ", count: max(1, width - left.columns - right.columns))
        return screen.paint(left, .faint) + space + screen.paint(right, style)
    }

    private func status(at now: Instant) -> (String, Style) {
        guard content != nil else { return ("connecting", .warning) }
        guard isStale(at: now) else { return ("● live", .good) }
        let stale = "○ stale for \(age(of: lastSign, at: now))"
        return (trouble.map { "\(stale): \($0)" } ?? stale, .bad)
    }

    private func body(on screen: Screen, room: Int, at now: Instant) -> [String] {
        let present = now.advanced(byMilliseconds: clockAheadMs)
        switch content {
        case nil: return []
        case .gone(let name): return ["", "\(name.printable) no longer exists."]
        case .page(let breaker, let explanation):
            let lines = BreakerPage(breaker: breaker, explanation: explanation, now: present).lines(on: screen)
            return Self.cut([""] + lines, to: room) { _ in "…" }
        case .list(let list):
            let breakers = list.breakers.map(\.breaker)
            let summary = list.counts.map { [BreakerListing.summary($0, on: screen), ""] } ?? []
            guard !breakers.isEmpty else { return summary + ["There are no breakers."] }
            let table = BreakerListing.lines(breakers, at: present, on: screen)
            let total = list.counts?.total ?? breakers.count
            return Self.cut(summary + table, to: room) { shown in
                screen.paint("… and \(total - max(0, shown - summary.count - 1)) more", .faint)
            }
        }
    }

    /// - Parameter rest: makes the last line if not all lines fit, from the number of lines above it.
    private static func cut(_ lines: [String], to room: Int, rest: (Int) -> String) -> [String] {
        guard lines.count > room else { return lines }
        return lines.prefix(max(0, room - 1)) + [rest(max(0, room - 1))]
    }

    /// The last changes, newest at the bottom, on a quarter of the screen.
    private func recent(on screen: Screen) -> [String] {
        let shown = changes.suffix(max(0, screen.height / 4 - 1))
        return shown.isEmpty ? [] : [""] + shown.map { $0.text(on: screen) }
    }
}
