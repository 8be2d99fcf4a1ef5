import NIOConcurrencyHelpers

/// A breaker that all workers share, for calls of any kind.
///
/// This is a value: copy it freely, and keep it where it is used.
public struct SharedBreaker: Sendable {
    let fusebox: Fusebox
    let entry: BreakerEntry
    let classify: @Sendable (any Error) -> CallOutcome

    public var name: String { entry.name }

    /// The breaker's state as last known from the stream; `nil` if the stream has not reported this breaker.
    public var knownState: BreakerState? { fusebox.knownState(of: entry) }

    /// How many calls were allowed and denied in this process, by source.
    public var decisions: DecisionTally { entry.state.withLockedValue { $0.tally } }

    /// Makes a call if the breaker allows it, and reports its outcome and its duration.
    ///
    /// A call whose task is cancelled counts as ignored; if it was a probe, the probe is given back.
    ///
    /// - Parameter operation: the call. Set its time-out yourself, below the policy's `probe_lease_ms`.
    /// - Throws: ``BreakerOpen`` if the call was denied; `CancellationError` if the task was cancelled before the
    ///   breaker decided; otherwise the error of `operation`.
    public nonisolated(nonsending) func call<Value>(
        _ operation: nonisolated(nonsending) () async throws -> Value
    ) async throws -> Value {
        try await call { _ in try await operation() }
    }

    /// Makes a call like the method above; `operation` also gets the decision.
    public nonisolated(nonsending) func call<Value>(
        _ operation: nonisolated(nonsending) (CallDecision) async throws -> Value
    ) async throws -> Value {
        let decision = try await fusebox.acquire(entry)
        guard decision.isAllowed else { throw BreakerOpen(decision, of: entry.name) }
        let end = await fusebox.make(operation, of: entry, under: decision) { result in
            if case .failure(let error) = result { classify(error) } else { .success }
        }
        return try end.result.get()
    }

    // MARK: In two steps

    /// Asks whether a call may go through, for a caller that makes the call elsewhere. Report each allowed call
    /// (``report(_:under:took:)``): an unreported probe occupies its slot until its lease ends.
    ///
    /// - Throws: `CancellationError` if the task is cancelled in the meantime; a granted probe is then given back.
    public nonisolated(nonsending) func acquire() async throws(CancellationError) -> CallDecision {
        try await fusebox.acquire(entry)
    }

    /// Reports the outcome of a call.
    ///
    /// - Parameters:
    ///   - outcome: success, a failure of some kind, or ignored.
    ///   - decision: the decision that allowed the call.
    ///   - duration: how long the call took.
    public nonisolated(nonsending) func report(
        _ outcome: CallOutcome,
        under decision: CallDecision,
        took duration: Duration
    ) async {
        await fusebox.report(outcome, to: entry, under: decision, tookNs: duration.inNs)
    }
}

extension Fusebox {
    func knownState(of entry: BreakerEntry) -> BreakerState? {
        entry.state.withLockedValue { $0.summary?.state }
    }
}
