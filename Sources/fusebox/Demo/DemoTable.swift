import BreakerText
import Foundation

/// The live table: one line per second, and another one whenever the state changes.
struct DemoTable {
    private var shownSecond = -1
    private var shownState = ""
    private let hasColors = isatty(STDOUT_FILENO) == 1

    mutating func show(
        _ elapsed: Double,
        state: String,
        tally: DemoTally,
        downstream: DemoDownstream.Counts,
        isDead: Bool
    ) {
        if shownSecond < 0 { print("second  provider  breaker     calls  allowed  denied  failures  probes") }
        guard Int(elapsed) > shownSecond || state != shownState else { return }
        shownSecond = Int(elapsed)
        shownState = state
        let cells: [(String, Int)] = [
            (String(format: "%.1f", elapsed), 6),
            (isDead ? "dead" : "alive", -8),
            (state, -10),
            (String(downstream.calls), 5),
            (String(tally.allowed), 7),
            (String(tally.denied), 6),
            (String(tally.failures), 8),
            (String(tally.probes), 6),
        ]
        let line = cells.map(Self.pad).joined(separator: "  ")
        print(hasColors ? color(of: state) + line + "\u{1b}[0m" : line)
        fflush(nil)
    }

    /// Right-aligns to a positive width, left-aligns to a negative one.
    private static func pad(_ text: String, _ width: Int) -> String {
        let space = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? text + space : space + text
    }

    private func color(of state: String) -> String {
        switch state {
        case "open": "\u{1b}[31m"
        case "half_open": "\u{1b}[33m"
        default: "\u{1b}[32m"
        }
    }
}

/// The summary of the demo, gathered while it runs.
struct DemoSummary {
    private var openedAt: Double?
    private var closedAt: Double?
    private var isClosed = true
    private var deniedWhileDead = 0
    private var failures = 0
    private var probes = 0
    private var cause = ""

    /// Notes the breaker's state `elapsed` seconds after the start.
    ///
    /// - Parameter detail: the detail of its last transition.
    mutating func see(state: String, detail: String?, tally: DemoTally, elapsed: Double) {
        if Demo.outage.contains(elapsed) { deniedWhileDead = tally.denied }
        failures = tally.failures
        probes = tally.probes
        let isClosed = state == "closed"
        defer { self.isClosed = isClosed }
        if self.isClosed, !isClosed {
            openedAt = openedAt ?? elapsed
            cause = detail?.printable ?? ""
        }
        if !self.isClosed, isClosed { closedAt = elapsed }
    }

    /// - Returns: `nil` if the breaker did not open and close again.
    func text(workers: Int, downstream: DemoDownstream.Counts) -> String? {
        guard let openedAt, let closedAt else { return nil }
        let outage = Demo.outage
        return """

            The provider was dead for \(Int(outage.upperBound - outage.lowerBound)) s.
              detected  \(tenths(openedAt - outage.lowerBound)) s after the provider died: \(cause)
              denied    \(deniedWhileDead) calls to the dead provider, which received only \
            \(downstream.callsWhileDead) calls
              probes    \(probes) in total, at most \(downstream.mostProbesAtOnce) at once, from \(workers) workers
              recovered \(tenths(closedAt - outage.upperBound)) s after the provider came back

            """
    }

    private func tenths(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
