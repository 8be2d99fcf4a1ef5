import BreakerCore
package import BreakerStorage
import Logging

/// The writer's measurements of its own work, updated with each batch.
package struct WriterMeter: Sendable {
    /// The number of commands in each batch.
    package private(set) var batchSize = Histogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024])
    /// The seconds that each transaction took, including its sync. Failed transactions are not included.
    package private(set) var commitSeconds = Histogram(
        bounds: [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
    )
    /// How many transactions failed.
    package private(set) var failedCommits: UInt64 = 0
    /// Rows that were deleted before their time.
    package private(set) var evictions = Evictions()
    /// The earliest deadline in the current batch, as an uptime; `nil` if the writer has no batch.
    private(set) var deadlineInHandMs: Int64?

    /// - Parameter groups: the commands of each are in the order of their deadlines.
    mutating func beginBatch(of groups: [[Command]]) {
        deadlineInHandMs = groups.lazy.compactMap { $0.first?.deadlineMs }.min()
        batchSize.observe(Double(groups.reduce(0) { $0 + $1.count }))
    }

    mutating func endBatch() {
        deadlineInHandMs = nil
    }

    /// - Parameter evictions: all evictions of the store since the start.
    mutating func committed(after duration: Duration, evictions: Evictions) {
        commitSeconds.observe(duration / .seconds(1))
        self.evictions = evictions
    }

    mutating func failed() {
        failedCommits += 1
    }
}

/// Counts of values by a few fixed bounds.
package struct Histogram: Hashable, Sendable {
    /// Ascending; a value counts for the first bound that it does not exceed.
    package let bounds: [Double]
    /// One count for each bound, and one for values that exceed all bounds. Not cumulative.
    package private(set) var counts: [UInt64]
    package private(set) var sum = 0.0

    package init(bounds: [Double]) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "the bounds \(bounds) do not ascend")
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    package mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}

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
