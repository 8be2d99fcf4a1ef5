import NIOCore

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
            try await finish(value, of: entry)
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        let outcome = CallOutcome.of(result, isCancelled: Task.isCancelled, classify)
        await report(outcome, to: entry, under: decision, tookNs: clock.nowNs() - startNs)
        return (result, outcome)
    }

    /// Waits until what a call returned has ended, where it is something that goes on.
    ///
    /// - Throws: what that ends with; ``UnfinishedResult`` where its end cannot be known.
    private nonisolated(nonsending) func finish<Value>(_ value: Value, of entry: BreakerEntry) async throws {
        if let pending = value as? any PendingResult {
            try await pending.untilEnd()
        } else if value is any AsyncSequence {
            throw UnfinishedResult(breaker: entry.name, type: String(describing: type(of: value)))
        }
    }
}

/// What a call may return before it has ended.
private protocol PendingResult: Sendable {
    /// - Throws: what it ends with.
    func untilEnd() async throws
}

extension Task: PendingResult {
    fileprivate func untilEnd() async throws { _ = try await value }
}

extension EventLoopFuture: PendingResult {
    fileprivate func untilEnd() async throws { try await map { _ in }.get() }
}

/// The call returned a sequence that has yet to be read, so that its outcome is not known. It counts as ignored.
///
/// Read the sequence within the call. Where getting it is all that the breaker is about, return it within a type of your own.
public struct UnfinishedResult: Error, Hashable, Sendable, CustomStringConvertible {
    /// The breaker's name.
    public var breaker: String
    /// That of what the call returned.
    public var type: String

    public var description: String {
        "a call of \(breaker) returned \(type), whose outcome is not known yet; read it within the call"
    }
}
