import BreakerCore
import BreakerStorage

/// What the writer is asked to do. Each is answered exactly once.
struct Command: Sendable {
    typealias Reply<Value> = @Sendable (Result<Value, EngineError>) -> Void

    /// Called once the batch is committed, with `nil`, or with the reason why it is not.
    typealias Finish = @Sendable (EngineError?) -> Void

    enum Kind: Sendable {
        case acquire(BreakerName, Reply<Decision>)
        case report(BreakerName, Report, Reply<ReportAnswer>)
        /// Anything else, as a closure over the working copy; where it changes nothing, nothing is stored.
        case change(@Sendable (inout WorkingCopy, any BreakerStore) -> Finish, refuse: Finish)
    }

    var client: Client
    var kind: Kind
    /// The uptime at which it is too old to be begun, in milliseconds.
    var deadlineMs: Int64
    /// How much of a batch it takes: 1 for a single event.
    var weight: Int

    /// Answers without having done anything.
    func refuse(_ error: EngineError) {
        switch kind {
        case .acquire(_, let reply): reply(.failure(error))
        case .report(_, _, let reply): reply(.failure(error))
        case .change(_, let refuse): refuse(error)
        }
    }
}

/// What a command came to, to be told once its batch is committed. An enum, for a closure would be an allocation for
/// each.
enum Finish {
    case acquired(Result<Decision, EngineError>, Command.Reply<Decision>)
    case reported(Result<ReportAnswer, EngineError>, Command.Reply<ReportAnswer>)
    case changed(Command.Finish)

    /// - Parameter failure: why the batch is not committed; `nil` where it is.
    func tell(_ failure: EngineError?) {
        switch self {
        case .acquired(let result, let reply): reply(failure.map(Result.failure) ?? result)
        case .reported(let result, let reply): reply(failure.map(Result.failure) ?? result)
        case .changed(let finish): finish(failure)
        }
    }
}
