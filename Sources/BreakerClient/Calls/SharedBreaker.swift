import NIOConcurrencyHelpers

/// A breaker that all workers share, for calls of any kind.
///
/// A value: copy it, keep it where it is used.
public struct SharedBreaker: Sendable {
    let fusebox: Fusebox
    let entry: BreakerEntry
    let classify: @Sendable (any Error) -> CallOutcome

    public var name: String { entry.name }

    /// Where it stands, as the stream told last; `nil` where it told nothing, or nothing of this breaker.
    public var knownState: BreakerState? { fusebox.knownState(of: entry) }

    /// How many calls were allowed and denied in this process, and by whom.
    public var decisions: DecisionTally { entry.state.withLockedValue { $0.tally } }

    /// Makes a call if the breaker allows it, and reports what became of it and how long it took.
    ///
    /// A call whose task is cancelled counts as ignored; if it was a probe, the probe is given back.
    ///
    /// - Parameter operation: the call. Its time-out is yours, and should be below the policy's `probe_lease_ms`.
    /// - Throws: ``BreakerOpen`` where the call was not made; `CancellationError` where the task was cancelled while the
    ///   breaker was asked; else what `operation` throws.
    public nonisolated(nonsending) func call<Value>(
        _ operation: nonisolated(nonsending) () async throws -> Value
    ) async throws -> Value {
        try await call { _ in try await operation() }
    }

    /// The same, told how it was decided.
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

    /// Asks whether a call may go through, for who makes it elsewhere. What is allowed has to be reported
    /// (``report(_:under:took:)``): an unreported probe takes its slot until its lease ends.
    ///
    /// - Throws: where the task is cancelled meanwhile; a probe is given back then.
    public nonisolated(nonsending) func acquire() async throws(CancellationError) -> CallDecision {
        try await fusebox.acquire(entry)
    }

    /// Says what became of a call.
    ///
    /// - Parameters:
    ///   - outcome: success, a failure of some kind, or ignored.
    ///   - decision: which allowed it.
    ///   - duration: how long it took.
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
        entry.state.withLockedValue { $0.image?.state }
    }
}
