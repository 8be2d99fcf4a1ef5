import NIOCore

/// The order of requests and answers on one connection: whether the lane or the router has the request in progress, and
/// which input waits for it.
///
/// HTTP/1.1 requires answers in the order of the requests, so one request is in progress at a time. Input that arrives
/// after it is held in order, and ``next()`` releases it when its turn comes. This is a value type: each method is an
/// event and returns the action that the shell must carry out.
///
/// - `Part`: a part of a request, which the turn only passes on.
struct ResponseSequencer<Part> {
    fileprivate enum State {
        /// No request is in progress. Exits: `answering` with a decision, `passing` with any other request, `closed`.
        case idle
        /// The lane has asked for a decision. Exits: `idle` or `closed`, when the answer is written.
        case answering
        /// The router has the request. Exits: `idle` or `closed`, once the request and its response have ended.
        case passing(Passing)
        /// The last answer is determined; no further input or output is handled. No exit.
        case closed
    }

    fileprivate struct Passing: Hashable {
        var persistence: Persistence
        var requestEnded = false
        var response = Response.awaited
        /// The connection ends after the response.
        var closes = false

        enum Response {
            case awaited, begun, ended
        }
    }

    private var state = State.idle
    private var held = CircularBuffer<Incoming<Part>>(initialCapacity: 0)
    /// The server is stopping: the connection ends once all requests that were received are answered.
    private(set) var isQuiescing = false

    // MARK: Queries of the shell

    var isClosed: Bool { if case .closed = state { true } else { false } }

    /// Whether input waits for its turn. The shell then reads no more.
    var isHolding: Bool { !held.isEmpty }

    /// Whether a complete request is in progress whose answer is not complete.
    var awaitsAnswer: Bool {
        switch state {
        case .answering: true
        case .passing(let passing): passing.requestEnded && passing.response != .ended
        case .idle, .closed: false
        }
    }

    /// Whether the router waits for the rest of a request. A time limit applies to that rest.
    var awaitsBody: Bool { if case .passing(let passing) = state { !passing.requestEnded } else { false } }

    // MARK: Input

    /// Handles input at once, or holds it until its turn comes.
    mutating func receive(_ incoming: Incoming<Part>) -> Action<Part> {
        guard held.isEmpty, takes(incoming) else {
            held.append(incoming)
            return .nothing
        }
        return take(incoming)
    }

    /// Releases the first held input if its turn has come; returns `nil` otherwise.
    mutating func next() -> Action<Part>? {
        guard let first = held.first, takes(first) else { return nil }
        held.removeFirst()
        return take(first)
    }

    /// Whether the turn of `incoming` has come. The router learns at once that its client sends no more.
    private func takes(_ incoming: Incoming<Part>) -> Bool {
        switch state {
        case .idle, .closed: true
        case .answering: false
        case .passing(let passing): !passing.requestEnded || incoming.isInputClosed
        }
    }

    private mutating func take(_ incoming: Incoming<Part>) -> Action<Part> {
        switch incoming {
        case .decision(let part): decision(part)
        case .head(let part, let traits): requestBegan(part, traits)
        case .body(let part): awaitsBody ? .pass(part) : .nothing
        case .end(let part): requestEnded(part)
        case .failed(let problem): failed(problem)
        case .inputClosed: isClosed ? .closeBothWays : .passInputClosed
        }
    }

    private mutating func decision(_ part: Part) -> Action<Part> {
        guard case .idle = state else { return .nothing }
        state = .answering
        return .ask(part)
    }

    private mutating func requestBegan(_ part: Part, _ traits: RequestTraits) -> Action<Part> {
        guard case .idle = state else { return .nothing }
        state = .passing(Passing(persistence: traits.persistence))
        return traits.expectsContinue && held.isEmpty ? .passAndContinue(part) : .pass(part)
    }

    private mutating func requestEnded(_ part: Part) -> Action<Part> {
        guard case .passing(var passing) = state else { return .nothing }
        passing.requestEnded = true
        state = passing.response == .ended ? .idle : .passing(passing)
        return .pass(part)
    }

    /// The input cannot be read, or did not arrive in time. Later input cannot be read either. If the response to the
    /// request in progress has begun, no error can be sent.
    mutating func failed(_ problem: Problem) -> Action<Part> {
        switch state {
        case .closed: return .nothing
        case .passing(let passing) where passing.response != .awaited:
            end()
            return .close
        case .idle, .answering, .passing:
            end()
            return .answerErrorAndClose(problem)
        }
    }
}

// MARK: Output

extension ResponseSequencer {
    /// The lane has its decision.
    /// - Returns: the persistence that the answer must state; after ``Persistence/closes`` the connection ends. `nil`
    ///   where the connection is closed already.
    mutating func answered() -> Persistence? {
        guard case .answering = state else { return nil }
        if isLast {
            end()
            return .closes
        }
        state = .idle
        return .stays
    }

    /// The router's response begins.
    /// - Returns: the persistence that the response must state.
    mutating func responseBegan(saysClose: Bool) -> Persistence {
        guard case .passing(var passing) = state else { return .closes }
        passing.response = .begun
        passing.closes = saysClose || passing.persistence == .closes || isLast
        state = .passing(passing)
        return passing.closes ? .closes : passing.persistence
    }

    mutating func responseEnded() -> Action<Part> {
        guard case .passing(var passing) = state else { return .nothing }
        if passing.closes || isLast {
            end()
            return .close
        }
        passing.response = .ended
        state = passing.requestEnded ? .idle : .passing(passing)
        return .nothing
    }

    /// Whether the request in progress is the last of the connection.
    private var isLast: Bool { isQuiescing && held.isEmpty }
}

// MARK: Other events

extension ResponseSequencer {
    /// The server is stopping.
    mutating func quiesce() -> Action<Part> {
        isQuiescing = true
        return endIfIdle()
    }

    /// The client was silent for too long. The connection stays while the client waits for the server.
    mutating func idleTimedOut() -> Action<Part> { endIfIdle() }

    private mutating func endIfIdle() -> Action<Part> {
        switch state {
        case .idle: break
        // The response is complete, so the rest of the request is not needed.
        case .passing(let passing) where passing.response == .ended: break
        case .answering, .passing, .closed: return .nothing
        }
        end()
        return .closeBothWays
    }

    /// The rest of a request did not arrive in time. Has no effect where the request is complete or no longer in
    /// progress.
    mutating func bodyTimedOut() -> Action<Part> {
        awaitsBody ? failed(.bodyTooLate) : .nothing
    }

    /// The connection is gone, or its last answer is determined.
    mutating func end() {
        state = .closed
        held.removeAll()
    }
}

// Conditional, so that `Part` needs no conformance.
extension ResponseSequencer: Equatable where Part: Equatable {}
extension ResponseSequencer: Hashable where Part: Hashable {}
extension ResponseSequencer.State: Equatable where Part: Equatable {}
extension ResponseSequencer.State: Hashable where Part: Hashable {}

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
