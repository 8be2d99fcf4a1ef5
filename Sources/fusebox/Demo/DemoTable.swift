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
