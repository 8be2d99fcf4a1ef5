extension Fusebox {
    /// Makes a call that is allowed, and reports its outcome. That of a nested call is not reported: the call that it is
    /// part of has one outcome.
    ///
    /// - Parameter classify: how what the call returned, or the error that ended it, counts.
    nonisolated(nonsending) func make<Value>(
        _ operation: nonisolated(nonsending) (CallDecision) async throws -> Value,
        of entry: BreakerEntry,
        under decision: CallDecision,
        classify: (Result<Value, any Error>) -> CallOutcome
    ) async -> (result: Result<Value, any Error>, outcome: CallOutcome) {
        let startNs = clock.nowNs()
        let result: Result<Value, any Error>
        do {
            let value =
                decision.isNested
                ? try await operation(decision) : try await RunningCall.make(entry, under: decision, operation)
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        let outcome = CallOutcome.of(result, isCancelled: Task.isCancelled, classify)
        await report(outcome, to: entry, under: decision, tookNs: clock.nowNs() - startNs)
        return (result, outcome)
    }
}
