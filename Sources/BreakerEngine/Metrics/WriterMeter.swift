import BreakerCore
package import BreakerStorage

/// What the writer measures of itself, once a batch.
package struct WriterMeter: Sendable {
    /// Commands in a batch.
    package private(set) var batchSize = Histogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024])
    /// Seconds that a transaction took, its sync included; those that failed are not in it.
    package private(set) var commitSeconds = Histogram(
        bounds: [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
    )
    /// Transactions that failed.
    package private(set) var failedCommits: UInt64 = 0
    /// Rows that were deleted before their time.
    package private(set) var evictions = Evictions()
    /// The earliest deadline in the batch in hand, as an uptime; `nil` where the writer has none.
    private(set) var deadlineInHandMs: Int64?

    /// - Parameter groups: each in the order of deadlines.
    mutating func beginBatch(of groups: [[Command]]) {
        deadlineInHandMs = groups.lazy.compactMap { $0.first?.deadlineMs }.min()
        batchSize.observe(Double(groups.reduce(0) { $0 + $1.count }))
    }

    mutating func endBatch() {
        deadlineInHandMs = nil
    }

    /// - Parameter evictions: those of the store since the start.
    mutating func committed(after duration: Duration, evictions: Evictions) {
        commitSeconds.observe(duration / .seconds(1))
        self.evictions = evictions
    }

    mutating func failed() {
        failedCommits += 1
    }
}
