import NIOCore
import Synchronization

extension Fusebox {
    /// Makes an allowed call and reports its outcome. A nested call and its outer call have one outcome: the outer call
    /// classifies an error that the nested call throws, and adopts a failure that throws nothing.
    ///
    /// - Parameter classify: how the returned value, or the error that ended the call, counts.
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
                (value, failureWithin) = try await RunningCall.make(entry, by: self, under: decision) { decision in
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

    /// Waits for the end of work that a call returned, such as a `Task`.
    ///
    /// - Throws: the error of that work; ``UnfinishedResult`` if its end cannot be observed.
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
    /// The outcome, disregarding nested calls.
    let outcome: CallOutcome
    let tookNs: Int64
    /// Whether the last nested call failed without throwing, so that this call is not a success.
    var hasFailedWithin = false
    /// Whether the outer call judges the error, and nothing is reported yet.
    var isOutersToJudge = false
}

/// A result that a call may return before its work has ended.
private protocol PendingResult: Sendable {
    /// - Throws: the error that the work ends with.
    func untilEnd() async throws
}

extension Task: PendingResult {
    fileprivate func untilEnd() async throws { _ = try await value }
}

extension EventLoopFuture: PendingResult {
    fileprivate func untilEnd() async throws { try await map { _ in }.get() }
}

/// The error of a call that returned an unread sequence, so that its outcome is not known. The call counts as ignored.
///
/// Read the sequence within the call. If the breaker protects only the call that gets the sequence, return it in a type
/// of your own.
public struct UnfinishedResult: Error, Hashable, Sendable, CustomStringConvertible {
    /// The breaker's name.
    public var breaker: String
    /// The type of the returned value.
    public var type: String

    public var description: String {
        "a call of \(breaker) returned \(type), whose outcome is known only after it is read; read it within the call"
    }
}

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
