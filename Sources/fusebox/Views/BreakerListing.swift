import BreakerAPI
import BreakerCore

/// The list of breakers, one line each.
enum BreakerListing {
    static func lines(_ breakers: [BreakerDocument], at now: Instant, on screen: Screen) -> [String] {
        var table = TextTable([
            .init("STATE"),
            .init("BREAKER", least: 16),
            .init("FOR", isNumber: true),
            .init("OUTLOOK"),
            .init("OVERRIDE"),
            .init("WHY", least: 10),
        ])
        table.rows = breakers.map { breaker in
            [
                screen.isTerminal ? breaker.stateCell : TextTable.Cell(breaker.state),
                TextTable.Cell(breaker.name, .strong),
                TextTable.Cell(breaker.time(at: now)),
                TextTable.Cell(breaker.outlook(at: now)),
                breaker.overrideCell(at: now),
                breaker.why(at: now),
            ]
        }
        return table.lines(on: screen)
    }

    /// "12 breakers: 2 open, 1 half_open, 9 closed; 1 overridden".
    static func summary(_ counts: BreakerListDocument.Counts, on screen: Screen) -> String {
        let states = [
            ("open", counts.open, Style.bad), ("half_open", counts.halfOpen, .warning),
            ("closed", counts.closed, .good),
        ]
        .filter { $0.1 > 0 }
        .map { name, count, style in screen.paint("\(count) \(name)", style) }
        var text = "\(counts.total) \(counts.total == 1 ? "breaker" : "breakers")"
        if !states.isEmpty { text += ": " + states.joined(separator: ", ") }
        if counts.overridden > 0 { text += "; " + screen.paint("\(counts.overridden) overridden", .ordered) }
        return text
    }
}
