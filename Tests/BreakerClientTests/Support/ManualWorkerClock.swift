import BreakerClient
import EngineSupport
import NIOConcurrencyHelpers

/// A worker's clock that a test sets. A sleeper wakes when the clock is moved far enough.
final class ManualWorkerClock: WorkerClock {
    private struct Sleeper {
        var lengthNs: Int64
        var dueNs: Int64
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var nowNs: Int64 = 1_000_000_000_000
        var sleepers: [Int: Sleeper] = [:]
        var tickets = 0
    }

    private let state = NIOLockedValueBox(State())
    /// The clock of the worker's server if that is in this process: time passes for both.
    private let server: ManualClock?

    init(server: ManualClock? = nil) {
        self.server = server
    }

    /// The number of sleepers that sleep for this long.
    func sleepers(_ duration: Duration) -> Int {
        let lengthNs = duration / .nanoseconds(1)
        return state.withLockedValue { state in state.sleepers.values.count { Double($0.lengthNs) == lengthNs } }
    }

    func nowNs() -> Int64 { state.withLockedValue { $0.nowNs } }

    func sleep(forNs nanoseconds: Int64) async throws {
        let ticket = state.withLockedValue { state in
            state.tickets += 1
            return state.tickets
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLockedValue { state in
                    if Task.isCancelled { return true }
                    state.sleepers[ticket] = Sleeper(
                        lengthNs: nanoseconds,
                        dueNs: state.nowNs + nanoseconds,
                        continuation: continuation
                    )
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            state.withLockedValue { $0.sleepers.removeValue(forKey: ticket) }?
                .continuation.resume(throwing: CancellationError())
        }
    }

    func advance(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        server?.advance(byMs: seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
        let due = state.withLockedValue { state in
            state.nowNs += seconds * 1_000_000_000 + attoseconds / 1_000_000_000
            let nowNs = state.nowNs
            let due = state.sleepers.filter { $0.value.dueNs <= nowNs }
            for ticket in due.keys { state.sleepers[ticket] = nil }
            return due.values
        }
        for sleeper in due { sleeper.continuation.resume() }
    }
}
