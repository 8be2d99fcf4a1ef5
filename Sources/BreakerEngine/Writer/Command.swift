import BreakerCore
import BreakerStorage

/// A request to the writer. Each command is answered exactly once.
struct Command: Sendable {
    typealias Reply<Value> = @Sendable (Result<Value, EngineError>) -> Void

    /// Called with `nil` once the batch is committed, or with the reason why it is not.
    typealias Completion = @Sendable (EngineError?) -> Void

    enum Kind: Sendable {
        case acquire(BreakerName, Reply<Decision>)
        case report(BreakerName, Report, Reply<ReportAnswer>)
        /// Any other request, as a closure over the working copy. If the closure changes nothing, nothing is stored.
        case change(@Sendable (inout WorkingCopy, any BreakerStore) -> Completion, refuse: Completion)
    }

    var client: Client
    var kind: Kind
    /// The uptime in milliseconds after which the command is too old to be started.
    var deadlineMs: Int64
    /// How much of a batch the command takes: 1 for a single event.
    var weight: Int

    /// Answers with `error` instead of carrying out the command.
    func refuse(_ error: EngineError) {
        switch kind {
        case .acquire(_, let reply): reply(.failure(error))
        case .report(_, _, let reply): reply(.failure(error))
        case .change(_, let refuse): refuse(error)
        }
    }
}

/// The result of a command, and the reply that sends it once the batch is committed. It is an enum because a closure
/// would cost an allocation for each command.
enum CommandCompletion {
    case acquired(Result<Decision, EngineError>, Command.Reply<Decision>)
    case reported(Result<ReportAnswer, EngineError>, Command.Reply<ReportAnswer>)
    case changed(Command.Completion)

    /// Answers the command.
    /// - Parameter failure: why the batch is not committed; `nil` if it is.
    func complete(with failure: EngineError?) {
        switch self {
        case .acquired(let result, let reply): reply(failure.map(Result.failure) ?? result)
        case .reported(let result, let reply): reply(failure.map(Result.failure) ?? result)
        case .changed(let finish): finish(failure)
        }
    }
}
