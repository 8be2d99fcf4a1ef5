import Synchronization

/// A call in progress, which the tasks that belong to it can find.
final class RunningCall: Sendable {
    /// The calls that the current task belongs to: it makes them, or was started within them.
    @TaskLocal private static var all: [RunningCall] = []

    private enum State {
        /// - `failure`: the failure of the last nested call if that call threw nothing; otherwise `nil`.
        case running(failure: CallOutcome?)
        /// The call has ended. A task may inherit a call that ends before the task does.
        case over
    }

    private let name: String
    /// The URL of the server. All clients of one server share its breakers.
    private let url: String
    private let decision: CallDecision
    private let state = Mutex(State.running(failure: nil))

    private init(_ entry: BreakerEntry, by fusebox: Fusebox, _ decision: CallDecision) {
        name = entry.name
        url = fusebox.client.url
        self.decision = decision
    }

    /// Begins a nested call if a call of the breaker is running, by any client of the server. It replaces the previous
    /// nested call.
    ///
    /// - Returns: the decision of the running call of this breaker; `nil` if there is none.
    static func decision(of entry: BreakerEntry, by fusebox: Fusebox) -> CallDecision? {
        let call = all.first { $0.name == entry.name && $0.url == fusebox.client.url && $0.note(nil) }
        guard let call else { return nil }
        var decision = call.decision
        decision.outer = call
        return decision
    }

    /// Runs a call. Calls of the same breaker within it become a part of it.
    ///
    /// - Returns: the value, and the failure of the last nested call if that call did not throw.
    static nonisolated(nonsending) func make<Value>(
        _ entry: BreakerEntry,
        by fusebox: Fusebox,
        under decision: CallDecision,
        _ operation: nonisolated(nonsending) (CallDecision) async throws -> Value
    ) async throws -> (value: Value, failureWithin: CallOutcome?) {
        let call = RunningCall(entry, by: fusebox, decision)
        defer { _ = call.end() }
        // Drop the calls that are over: they would pile up if each call starts the task that makes the next call.
        let value = try await $all.withValue(all.filter(\.isRunning) + [call]) { try await operation(decision) }
        return (value, call.end())
    }

    /// Notes the failure of the last nested call; `nil` for none.
    /// - Returns: whether this call is still running; otherwise it notes nothing.
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
