import BreakerStorage
import Logging

/// Decides when to log a warning of rows that were deleted before their time: for each table at once, and then at most
/// once a minute.
struct EvictionLog {
    struct Warning {
        var message: Logger.Message
        var metadata: Logger.Metadata
    }

    private var logged: [Evictions.Table: (rows: Int, atMs: Int64)] = [:]

    /// - Parameter evictions: all evictions since the start.
    mutating func warnings(of evictions: Evictions, atUptimeMs nowMs: Int64) -> [Warning] {
        guard !evictions.isEmpty else { return [] }
        var warnings: [Warning] = []
        for table in Evictions.Table.allCases {
            let count = evictions[table]
            let last = logged[table]
            guard count.rows > last?.rows ?? 0, last.map({ nowMs - $0.atMs >= Self.intervalMs }) ?? true else {
                continue
            }
            logged[table] = (count.rows, nowMs)
            let metadata: Logger.Metadata = [
                "rows": "\(count.rows - (last?.rows ?? 0))", "token": "\(count.token ?? "-")",
            ]
            warnings.append(Warning(message: Self.message(of: table), metadata: metadata))
        }
        return warnings
    }

    private static let intervalMs: Int64 = 60_000

    private static func message(of table: Evictions.Table) -> Logger.Message {
        switch table {
        case .reportIDs: "Report ids are deleted early: there are too many; retries of these reports count twice"
        case .audit: "Audit entries are deleted early: there are too many"
        case .failures: "Failures are deleted early: there are too many"
        case .callMinutes: "Minutes of calls are deleted early: there are too many"
        }
    }
}
