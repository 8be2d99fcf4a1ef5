import BreakerAPI
import BreakerCore

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
