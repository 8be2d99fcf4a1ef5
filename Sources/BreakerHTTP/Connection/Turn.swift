import NIOCore

/// Whose turn it is on one connection: the lane's, which decides, or the router's; and what has to wait for it.
///
/// HTTP/1.1 answers in the order of the requests, so one request is under way at a time. What comes in behind it is
/// held, in order, and handed out by ``next()`` when its turn comes. A value: each method is an event and returns what
/// the shell has to do about it.
///
/// - `Part`: what a request is made of; the turn only hands it on.
struct Turn<Part> {
    fileprivate enum State {
        /// Nothing is under way. Exits: `answering` with a decision, `passing` with any other request, `closed`.
        case idle
        /// The lane has asked for a decision. Exits: `idle` or `closed`, as the answer goes out.
        case answering
        /// The router has the request. Exits: `idle` or `closed`, once the request and its response have ended.
        case passing(Passing)
        /// The last byte is decided upon; nothing goes in or out any more. No exit.
        case closed
    }

    fileprivate struct Passing: Hashable {
        var persistence: Persistence
        var requestEnded = false
        var response = Response.awaited
        /// The connection ends behind the response.
        var closes = false

        enum Response {
            case awaited, begun, ended
        }
    }

    private var state = State.idle
    private var held = CircularBuffer<Incoming<Part>>(initialCapacity: 0)
    /// The server is stopping: the connection ends once what came in is answered.
    private(set) var isQuiescing = false

    // MARK: What the shell asks

    var isClosed: Bool { if case .closed = state { true } else { false } }

    /// Whether anything waits for its turn: then nothing more need be read.
    var isHolding: Bool { !held.isEmpty }

    /// Whether a whole request is under way whose answer is not complete.
    var awaitsAnswer: Bool {
        switch state {
        case .answering: true
        case .passing(let passing): passing.requestEnded && passing.response != .ended
        case .idle, .closed: false
        }
    }

    /// Whether the router waits for the rest of a request, which is to come within bounds.
    var awaitsBody: Bool { if case .passing(let passing) = state { !passing.requestEnded } else { false } }

    // MARK: What comes in

    /// Something came in. It is dealt with at once, or held until its turn comes.
    mutating func receive(_ incoming: Incoming<Part>) -> Action<Part> {
        guard held.isEmpty, takes(incoming) else {
            held.append(incoming)
            return .nothing
        }
        return take(incoming)
    }

    /// The first thing that was held and whose turn has come.
    mutating func next() -> Action<Part>? {
        guard let first = held.first, takes(first) else { return nil }
        held.removeFirst()
        return take(first)
    }

    /// Whether the turn of `incoming` has come. The router may know at once that its client sends no more.
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
        case .head(let part, let opening): requestBegan(part, opening)
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

    private mutating func requestBegan(_ part: Part, _ opening: Opening) -> Action<Part> {
        guard case .idle = state else { return .nothing }
        state = .passing(Passing(persistence: opening.persistence))
        return opening.expectsContinue && held.isEmpty ? .passAndContinue(part) : .pass(part)
    }

    private mutating func requestEnded(_ part: Part) -> Action<Part> {
        guard case .passing(var passing) = state else { return .nothing }
        passing.requestEnded = true
        state = passing.response == .ended ? .idle : .passing(passing)
        return .pass(part)
    }

    /// What comes in cannot be read, or not in time; nothing behind it can either. A request that has its answer
    /// already, or the beginning of one, leaves nothing to tell.
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

// MARK: What goes out

extension Turn {
    /// The lane has its decision.
    /// - Returns: what its answer says of the connection, which ends behind ``Persistence/closes``; `nil` where nobody
    ///   is left to hear it.
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
    /// - Returns: what it has to say of the connection.
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

    /// Whether nothing is to follow what is under way.
    private var isLast: Bool { isQuiescing && held.isEmpty }
}

// MARK: What happens beside

extension Turn {
    /// The server is stopping.
    mutating func quiesce() -> Action<Part> {
        isQuiescing = true
        return endIfIdle()
    }

    /// The client was silent for too long; no reason to go while it waits for the server.
    mutating func idleTimedOut() -> Action<Part> { endIfIdle() }

    private mutating func endIfIdle() -> Action<Part> {
        switch state {
        case .idle: break
        // What still comes of the request is of no use to anybody.
        case .passing(let passing) where passing.response == .ended: break
        case .answering, .passing, .closed: return .nothing
        }
        end()
        return .closeBothWays
    }

    /// The rest of a request did not come in time. One that is whole, or under way no more, is not late.
    mutating func bodyTimedOut() -> Action<Part> {
        awaitsBody ? failed(.bodyTooLate) : .nothing
    }

    /// The connection is gone, or the last byte is decided upon.
    mutating func end() {
        state = .closed
        held.removeAll()
    }
}

// Conditional, so that a part need be no more than a part.
extension Turn: Equatable where Part: Equatable {}
extension Turn: Hashable where Part: Hashable {}
extension Turn.State: Equatable where Part: Equatable {}
extension Turn.State: Hashable where Part: Hashable {}
