/// Whether a connection persists after an answer (RFC 9112, section 9.3), and how the answer states it.
enum Persistence: Hashable {
    /// The connection stays open, which is the default and needs no field.
    case stays
    /// The connection stays open, and the answer states it: a client of HTTP/1.0 otherwise takes the end of the
    /// connection for the end of the answer.
    case staysAndSaysSo
    /// The connection ends after the answer.
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

/// The facts of a request's head that its turn depends on, for a request to the router.
struct RequestTraits: Hashable {
    var persistence: Persistence
    /// Whether the client waits for a 100 before it sends the body.
    var expectsContinue = false
}

/// Input of a connection, in order.
enum Incoming<Part> {
    /// A complete request that the lane decides.
    case decision(Part)
    case head(Part, RequestTraits)
    case body(Part)
    case end(Part)
    /// The input that follows is not a request.
    case failed(Problem)
    /// The client sends no more. It may still read.
    case inputClosed

    var isInputClosed: Bool { if case .inputClosed = self { true } else { false } }
}

/// The action that the shell of a ``ResponseSequencer`` must carry out.
enum Action<Part> {
    case nothing
    /// Pass this part to the router.
    case pass(Part)
    /// Pass this part to the router, and ask the client to send the body.
    case passAndContinue(Part)
    /// Decide this request; ``ResponseSequencer/answered()`` follows.
    case ask(Part)
    /// Notify the router that the client sends no more.
    case passInputClosed
    /// Write this error as the last answer on the connection, and close.
    case answerErrorAndClose(Problem)
    /// Everything is written: close the output once it is sent, and the connection once the client closes its side.
    case close
    /// Everything is written, and the client sends no more or must not: close both ways once it is sent.
    case closeBothWays
}

extension Incoming: Equatable where Part: Equatable {}
extension Incoming: Hashable where Part: Hashable {}
extension Action: Equatable where Part: Equatable {}
extension Action: Hashable where Part: Hashable {}
extension Action: Sendable where Part: Sendable {}
