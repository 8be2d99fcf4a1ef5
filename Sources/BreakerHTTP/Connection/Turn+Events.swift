/// What becomes of a connection behind an answer (RFC 9112, section 9.3), and what the answer says of it.
enum Persistence: Hashable {
    /// It stays, as goes without saying.
    case stays
    /// It stays, and the client has to be told so: one of HTTP/1.0 takes the end of the connection for the end of the
    /// answer otherwise.
    case staysAndSaysSo
    /// It ends behind the answer.
    case closes

    /// The value of the answer's `connection`; `nil` where it needs none.
    var field: String? {
        switch self {
        case .stays: nil
        case .staysAndSaysSo: "keep-alive"
        case .closes: "close"
        }
    }
}

/// What the head of a request for the router tells of its turn.
struct Opening: Hashable {
    var persistence: Persistence
    /// Whether the client waits for a 100 before it sends the body.
    var expectsContinue = false
}

/// What comes in on a connection, in order.
enum Incoming<Part> {
    /// A whole request that the lane decides.
    case decision(Part)
    case head(Part, Opening)
    case body(Part)
    case end(Part)
    /// What follows is no request.
    case failed(Problem)
    /// The client sends no more. It may still read.
    case inputClosed

    var isInputClosed: Bool { if case .inputClosed = self { true } else { false } }
}

/// What the shell of a ``Turn`` has to do.
enum Action<Part> {
    case nothing
    /// Hand this on to the router.
    case pass(Part)
    /// Hand this on to the router, and have the client send the body.
    case passAndContinue(Part)
    /// Decide this request; ``Turn/answered()`` follows.
    case ask(Part)
    /// Tell the router that the client sends no more.
    case passInputClosed
    /// Write this error, which is the last thing on the connection, and close.
    case answerErrorAndClose(Problem)
    /// Everything is written: say so to the client, once it has it, and close when it does too.
    case close
    /// Everything is written, and the client sends no more or shall not: close both ways, once it has it.
    case closeBothWays
}

extension Incoming: Equatable where Part: Equatable {}
extension Incoming: Hashable where Part: Hashable {}
extension Action: Equatable where Part: Equatable {}
extension Action: Hashable where Part: Hashable {}
extension Action: Sendable where Part: Sendable {}
