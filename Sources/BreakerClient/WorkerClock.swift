import Foundation

/// A monotonic clock in nanoseconds with an arbitrary origin.
package protocol WorkerClock: Sendable {
    func nowNs() -> Int64

    /// - Throws: `CancellationError`.
    func sleep(forNs nanoseconds: Int64) async throws
}

/// The system's monotonic clock, which also runs while the machine sleeps.
struct SystemClock: WorkerClock {
    func nowNs() -> Int64 {
        #if canImport(Darwin)
            return Int64(clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW))
        #else
            var time = timespec()
            clock_gettime(CLOCK_BOOTTIME, &time)
            return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        #endif
    }

    func sleep(forNs nanoseconds: Int64) async throws {
        try await Task.sleep(for: .nanoseconds(nanoseconds), clock: .continuous)
    }
}

extension Duration {
    /// The duration in nanoseconds, clamped to the range of 64 bits: 292 years.
    var inNs: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, isTooLong) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return isTooLong ? (whole < 0 ? .min : .max) : sum
    }
}

/// Nanoseconds in a millisecond.
let nsPerMs: Int64 = 1_000_000
