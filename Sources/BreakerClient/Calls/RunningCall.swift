import Synchronization

/// A call that is under way, as the tasks that belong to it find it.
final class RunningCall: Sendable {
    /// Those that the present task belongs to: it makes them, or was started within them.
    @TaskLocal private static var all: [RunningCall] = []

    private enum State {
        /// - `failure`: with which the last nested call ended without throwing; `nil` where there is none.
        case running(failure: CallOutcome?)
        /// A task may inherit a call that ends before the task does.
        case over
    }

    private let entry: BreakerEntry
    private let decision: CallDecision
    private let state = Mutex(State.running(failure: nil))

    private init(_ entry: BreakerEntry, _ decision: CallDecision) {
        self.entry = entry
        self.decision = decision
    }

    /// Begins a nested call, if there is a call to be part of. It takes the place of the nested call before it.
    ///
    /// - Returns: the decision under which a call of this breaker is made here; `nil` where none is.
    static func decision(of entry: BreakerEntry) -> CallDecision? {
        guard let call = all.first(where: { $0.entry === entry && $0.note(nil) }) else { return nil }
        var decision = call.decision
        decision.outer = call
        return decision
    }

    /// Runs a call, so that the calls of the same breaker within it are a part of it.
    ///
    /// - Returns: with the value, the failure of the last nested call, unless that threw.
    static nonisolated(nonsending) func make<Value>(
        _ entry: BreakerEntry,
        under decision: CallDecision,
        _ operation: nonisolated(nonsending) (CallDecision) async throws -> Value
    ) async throws -> (value: Value, failureWithin: CallOutcome?) {
        let call = RunningCall(entry, decision)
        defer { _ = call.end() }
        // Those that are over would add up where each call starts the task that makes the next.
        let value = try await $all.withValue(all.filter(\.isRunning) + [call]) { try await operation(decision) }
        return (value, call.end())
    }

    /// Notes how the last nested call failed, or that it has not.
    /// - Returns: whether this call is still running; it takes no note otherwise.
    func note(_ failure: CallOutcome?) -> Bool {
        state.withLock { state in
            guard case .running = state else { return false }
            state = .running(failure: failure)
            return true
        }
    }

    var isRunning: Bool {
        state.withLock { if case .running = $0 { true } else { false } }
    }

    private func end() -> CallOutcome? {
        state.withLock { state in
            defer { state = .over }
            if case .running(let failure) = state { return failure }
            return nil
        }
    }
}
