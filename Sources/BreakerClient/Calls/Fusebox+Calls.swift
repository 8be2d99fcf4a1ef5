import NIOCore

extension Fusebox {
    /// Makes a call that is allowed, and reports its outcome. A nested call and the call that it is part of have one
    /// outcome: the outer call judges an error that the nested one throws, and takes over a failure that throws nothing.
    ///
    /// - Parameter classify: how what the call returned, or the error that ended it, counts.
    nonisolated(nonsending) func make<Value>(
        _ operation: nonisolated(nonsending) (CallDecision) async throws -> Value,
        of entry: BreakerEntry,
        under decision: CallDecision,
        classify: (Result<Value, any Error>) -> CallOutcome
    ) async -> CallEnd<Value> {
        let startNs = clock.nowNs()
        let result: Result<Value, any Error>
        var failureWithin: CallOutcome?
        do {
            let value: Value
            if decision.outer == nil {
                (value, failureWithin) = try await RunningCall.make(entry, under: decision) { decision in
                    let value = try await operation(decision)
                    try await finish(value, of: entry)
                    return value
                }
            } else {
                value = try await operation(decision)
                try await finish(value, of: entry)
            }
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        var end = CallEnd(
            result: result,
            outcome: CallOutcome.of(result, isCancelled: Task.isCancelled, classify),
            tookNs: clock.nowNs() - startNs
        )
        end.hasFailedWithin = failureWithin != nil
        if case .failure = result, let outer = decision.outer, outer.isRunning {
            end.isOutersToJudge = true
        } else {
            let outcome = end.outcome == .success ? failureWithin ?? .success : end.outcome
            await report(outcome, to: entry, under: decision, tookNs: end.tookNs)
        }
        return end
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

/// How a call ended.
struct CallEnd<Value> {
    let result: Result<Value, any Error>
    /// Without regard to nested calls.
    let outcome: CallOutcome
    let tookNs: Int64
    /// Whether the last nested call failed without throwing, so that this call counts as no success.
    var hasFailedWithin = false
    /// Whether the error is left to the outer call, and nothing is reported yet.
    var isOutersToJudge = false
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
