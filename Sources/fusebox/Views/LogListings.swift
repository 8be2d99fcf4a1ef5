import BreakerAPI
import BreakerCore
import BreakerText

enum FailureListing {
    static func lines(_ failures: [FailureDocument], at now: Instant, on screen: Screen) -> [String] {
        var table = TextTable([
            .init("AGO", isNumber: true),
            .init("KIND", least: 8),
            .init("REPORTER", least: 8),
            .init("DURATION", isNumber: true),
            .init("TIMES", isNumber: true),
            .init("DETAIL", least: 10),
        ])
        table.rows = failures.map { failure in
            [
                TextTable.Cell(age(of: failure.at, at: now), .faint),
                TextTable.Cell(failure.kind ?? "", .bad),
                TextTable.Cell(failure.reporter ?? ""),
                TextTable.Cell(failure.durationMs.map { took(ms: $0) } ?? ""),
                TextTable.Cell(failure.count > 1 ? "\(failure.count)" : ""),
                TextTable.Cell(failure.detail ?? ""),
            ]
        }
        return table.lines(on: screen)
    }
}

/// A summary of failures: shares by kind and by reporter.
enum FailureSummaryTable {
    private static let bar = 20

    static func lines(_ summary: FailureSummaryDocument, on screen: Screen) -> [String] {
        let count = "\(summary.failures) \(summary.failures == 1 ? "failure" : "failures")"
        return ["\(screen.paint(count, .strong)): \(summary.text.printable)", ""]
            + kinds(summary, on: screen) + [""] + reporters(summary, on: screen)
    }

    private static func kinds(_ summary: FailureSummaryDocument, on screen: Screen) -> [String] {
        var table = TextTable([
            .init("KIND", least: 8), .init("FAILURES", isNumber: true), .init("SHARE", isNumber: true), .init(""),
            .init("FROM", least: 10),
        ])
        table.rows = summary.kinds.map { kind in
            let reporters = kind.reporters.map { "\($0.name) \(NumberText.percent($0.share)) %" }
            let from = kind.reporters.count == 1 ? kind.reporters[0].name : reporters.joined(separator: ", ")
            return row(kind.kind ?? "no kind", kind.failures, kind.share, on: screen) + [TextTable.Cell(from)]
        }
        if let rest = others(summary.otherKinds, of: summary, on: screen) { table.rows.append(rest + [""]) }
        return table.lines(on: screen)
    }

    private static func reporters(_ summary: FailureSummaryDocument, on screen: Screen) -> [String] {
        var table = TextTable([
            .init("REPORTER", least: 8), .init("FAILURES", isNumber: true), .init("SHARE", isNumber: true), .init(""),
        ])
        table.rows = summary.reporters.map { row($0.name, $0.failures, $0.share, on: screen) }
        if let rest = others(summary.otherReporters, of: summary, on: screen) { table.rows.append(rest) }
        return table.lines(on: screen)
    }

    private static func others(
        _ count: Int,
        of summary: FailureSummaryDocument,
        on screen: Screen
    ) -> [TextTable.Cell]? {
        count > 0 ? row("others", count, Double(count) / Double(summary.failures), on: screen) : nil
    }

    private static func row(_ name: String, _ count: Int, _ share: Double, on screen: Screen) -> [TextTable.Cell] {
        let cells = max(1, Int((share * Double(bar)).rounded()))
        return [
            TextTable.Cell(name), TextTable.Cell("\(count)"), TextTable.Cell("\(NumberText.percent(share)) %"),
            TextTable.Cell(screen.isTerminal ? String(repeating: "▓", count: cells) : "", .bad),
        ]
    }
}

extension FailureSummaryDocument {
    /// Failures of kinds that are not listed.
    fileprivate var otherKinds: Int { failures - kinds.reduce(0) { $0 + $1.failures } }
    /// Failures from reporters that are not listed.
    fileprivate var otherReporters: Int { failures - reporters.reduce(0) { $0 + $1.failures } }
}

extension FailureSummaryDocument.Reporter {
    fileprivate var name: String { reporter ?? "no name" }
}

/// Transitions of a breaker, one line each.
enum TransitionListing {
    static func lines(_ transitions: [TransitionDocument], on screen: Screen) -> [String] {
        var table = TextTable([
            .init("AT"), .init("FROM"), .init("TO"), .init("BY"), .init("WHY", least: 10),
        ])
        table.rows = transitions.map { transition in
            [
                TextTable.Cell(TimestampText.seconds(transition.at), .faint),
                TextTable.Cell(transition.from),
                TextTable.Cell(transition.to, BreakerDocument.stateStyle(transition.to)),
                TextTable.Cell(transition.actor ?? ""),
                TextTable.Cell(transition.detail),
            ]
        }
        return table.lines(on: screen)
    }
}
