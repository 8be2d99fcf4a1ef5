import Logging
import NIOConcurrencyHelpers

/// A breaker that all workers share, for calls that return a `Value`. A returned value may count as a failure, and a
/// ``Fallback`` may replace it.
public struct ValueBreaker<Value: Sendable>: Sendable {
    let fusebox: Fusebox
    let entry: BreakerEntry
    let classify: @Sendable (Result<Value, any Error>) -> CallOutcome
    let fallback: Fallback<Value>?

    public var name: String { entry.name }

    /// The breaker's state as last known from the stream; `nil` if the stream has not reported this breaker.
    public var knownState: BreakerState? { fusebox.knownState(of: entry) }

    /// How many calls were allowed and denied in this process, by source.
    public var decisions: DecisionTally { entry.state.withLockedValue { $0.tally } }

    /// Makes a call if the breaker allows it, and reports its outcome. If the call was denied or failed, the fallback
    /// supplies the value.
    ///
    /// - Parameters:
    ///   - key: identifies the subject of the call, such as a user's id. A cache is not used for a call whose key is
    ///     `nil`.
    ///   - operation: the call. Set its time-out yourself, below the policy's `probe_lease_ms`.
    /// - Returns: the value that the call returned, or the fallback's value. A value that counts as a failure is
    ///   returned if the fallback has none.
    /// - Throws: if the fallback has no value, ``BreakerOpen`` for a denied call, otherwise the error of `operation`;
    ///   `CancellationError` if the task was cancelled before the breaker decided.
    public nonisolated(nonsending) func call(
        key: String? = nil,
        _ operation: nonisolated(nonsending) () async throws -> Value
    ) async throws -> Value {
        try await served(key: key, operation).value
    }

    /// Makes a call as ``call(key:_:)`` does, and also returns where the value comes from.
    public nonisolated(nonsending) func served(
        key: String? = nil,
        _ operation: nonisolated(nonsending) () async throws -> Value
    ) async throws -> Served<Value> {
        let decision = try await fusebox.acquire(entry)
        guard decision.isAllowed else {
            let denial = BreakerOpen(decision, of: entry.name)
            guard let served = try await serve(key, .denied(denial), decision) else { throw denial }
            return served
        }
        let end = await fusebox.make(
            { _ in try await operation() },
            of: entry,
            under: decision,
            classify: classify
        )
        guard case .failure = end.outcome else {
            let value = try end.result.get()
            if end.outcome == .success, !end.hasFailedWithin { remember(value, key) }
            return Served(value: value, decision: decision, origin: .call)
        }
        var error: (any Error)?
        if case .failure(let thrown) = end.result { error = thrown }
        if let served = try await serve(key, .failed(error), decision) {
            // The outer call does not see the error that the fallback replaced.
            if end.isOutersToJudge {
                await fusebox.report(end.outcome, to: entry, under: decision, tookNs: end.tookNs)
            }
            return served
        }
        return Served(value: try end.result.get(), decision: decision, origin: .call)
    }

    private func remember(_ value: Value, _ key: String?) {
        guard let fallback, fallback.needsKey else { return }
        if let key { return fallback.remember(value, key, fusebox.clock.nowNs()) }
        let isFirst = entry.state.withLockedValue { state in
            defer { state.hasMissedKey = true }
            return !state.hasMissedKey
        }
        guard isFirst else { return }
        fusebox.log(.warning, "a cached fallback stores no value of a call without a key", ["breaker": name])
    }

    private nonisolated(nonsending) func serve(
        _ key: String?,
        _ reason: FallbackReason,
        _ decision: CallDecision
    ) async throws -> Served<Value>? {
        guard let (value, origin) = try await fallback?.value(key, reason, fusebox.clock.nowNs()) else { return nil }
        return Served(value: value, decision: decision, origin: origin)
    }
}

/// A value, and where it comes from.
public struct Served<Value: Sendable>: Sendable {
    public enum Origin: Hashable, Sendable {
        case call
        case fallback
        /// The fallback's cache.
        /// - `age`: the time since the call that returned the value.
        case cache(age: Duration)
    }

    public var value: Value
    /// The decision on the call.
    public var decision: CallDecision
    public var origin: Origin
}
