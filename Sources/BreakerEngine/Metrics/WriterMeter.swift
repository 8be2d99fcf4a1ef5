import BreakerCore
package import BreakerStorage

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
