package import BreakerCore
import BreakerStorage

/// A request to the writer. Each command is answered exactly once.
struct Command: Sendable {
    typealias Reply<Value> = @Sendable (Result<Value, EngineError>) -> Void

    /// Called with `nil` once the batch is committed, or with the reason why it is not.
    typealias Completion = @Sendable (EngineError?) -> Void

    enum Kind: Sendable {
        /// - Parameter creates: whether an unknown breaker is created.
        case acquire(BreakerName, creates: Bool, Reply<Decision>)
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
        case .acquire(_, _, let reply): reply(.failure(error))
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

/// The sender of a command: the holder of a token, or an address if there are no tokens. Clients take turns in the
/// queue.
///
/// Clients are equal if their numbers are equal, so that the queue compares no strings. About one pair of names in
/// 10^19 has the same number. Two such clients share their turns, and nothing else.
package struct Client: Hashable, Sendable {
    private let number: Int
    /// The same string as ``Author/client``. Stored rows are shared among clients by it.
    let key: String

    /// The name of the token; ``Author/anonymous`` if there are no tokens.
    var name: String { key.hasPrefix("@") ? Author.anonymous : key }

    /// The server itself, for changes that are due by time. The name of a token has no space, so this name is unique.
    package static let server = Client(Author(actor: "the server", address: nil))

    /// - Parameter author: without tokens, every author is ``Author/anonymous``, and only the address distinguishes
    ///   them.
    package init(_ author: Author) {
        key = author.client
        var hasher = Hasher()
        hasher.combine(key)
        number = hasher.finalize()
    }

    package static func == (left: Client, right: Client) -> Bool { left.number == right.number }

    package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}
