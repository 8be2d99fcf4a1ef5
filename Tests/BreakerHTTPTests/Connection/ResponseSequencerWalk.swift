import BreakerAPI

@testable import BreakerHTTP

/// A piece of a request, with the number of the request.
struct Piece: Hashable {
    enum Kind: Hashable { case head, body, end, whole }

    var request: Int
    var kind: Kind
}

/// Applies every possible sequence of events to a turn, and reports a violation of its rules.
///
/// The model beside the turn knows only the pieces that came in, were passed on or went out.
struct ResponseSequencerWalk: Hashable {
    enum Event: Hashable {
        case decision
        case head(Persistence)
        case body, end, failed, inputClosed
        case answered
        case responseBegan(saysClose: Bool)
        case responseEnded
        case quiesce, idleTimedOut, bodyTimedOut
    }

    private struct Request: Hashable {
        var isDecision: Bool
        var persistence: Persistence
        var hasEnded = false
        var response = Response.none

        enum Response: Hashable { case none, begun, ended }
        var isOver: Bool { hasEnded && response == .ended }
    }

    private var sequencer = ResponseSequencer<Piece>()
    private var requests: [Request] = []
    /// Pieces that have come in and are not passed on yet.
    private var waiting: [Piece] = []
    /// Whether the pieces that come in belong to a request that has no end yet.
    private var isInRequest = false
    private var hasFailed = false
    private var isInputClosed = false
    private var isQuiescing = false
    /// The number of requests whose decision or passing on has begun.
    private var begun = 0
    private var isEnded = false
    private var complaint: String?

    // MARK: Events

    var events: [Event] {
        var events: [Event] = [.idleTimedOut, .bodyTimedOut]
        if !isQuiescing { events.append(.quiesce) }
        if !hasFailed, !isInputClosed {
            events += [.failed, .inputClosed]
            events += isInRequest ? [.body, .end] : [.decision, .head(.stays), .head(.closes)]
        } else if !isInputClosed {
            events.append(.inputClosed)
        }
        guard begun > 0, !isEnded else { return events }
        switch (requests[begun - 1].isDecision, requests[begun - 1].response) {
        case (true, .none): events.append(.answered)
        case (false, .none): events += [.responseBegan(saysClose: false), .responseBegan(saysClose: true)]
        case (false, .begun): events.append(.responseEnded)
        case (_, .ended), (true, .begun): break
        }
        return events
    }

    /// - Returns: the rule that is violated after `event`; `nil` if none is.
    mutating func complaint(after event: Event) -> String? {
        apply(event)
        if sequencer.isClosed { isEnded = true }
        checkRest()
        return complaint
    }

    private mutating func apply(_ event: Event) {
        switch event {
        case .decision:
            requests.append(Request(isDecision: true, persistence: .stays))
            perform(sequencer.receive(.decision(arrive(.whole))))
        case .head(let persistence):
            requests.append(Request(isDecision: false, persistence: persistence))
            isInRequest = true
            perform(sequencer.receive(.head(arrive(.head), RequestTraits(persistence: persistence))))
        case .body: perform(sequencer.receive(.body(arrive(.body))))
        case .end:
            isInRequest = false
            perform(sequencer.receive(.end(arrive(.end))))
        case .failed:
            hasFailed = true
            perform(sequencer.receive(.failed(.malformedBytes)))
        case .inputClosed:
            isInputClosed = true
            perform(sequencer.receive(.inputClosed))
        case .answered: answered()
        case .responseBegan(let saysClose): responseBegan(saysClose)
        case .responseEnded:
            requests[begun - 1].response = .ended
            perform(sequencer.responseEnded())
            takeHeld()
        case .quiesce:
            isQuiescing = true
            perform(sequencer.quiesce())
        case .idleTimedOut: perform(sequencer.idleTimedOut())
        case .bodyTimedOut:
            let mayEnd = sequencer.awaitsBody
            perform(sequencer.bodyTimedOut())
            expect(mayEnd || !sequencer.isClosed || isEnded, "a body that is not awaited was late")
        }
    }

    private mutating func arrive(_ kind: Piece.Kind) -> Piece {
        let piece = Piece(request: requests.count, kind: kind)
        if !isEnded { waiting.append(piece) }
        return piece
    }

    private mutating func answered() {
        requests[begun - 1].response = .ended
        guard let persistence = sequencer.answered() else { return expect(false, "a decision was not waited for") }
        expect(sequencer.isClosed == (persistence == .closes), "what the answer says of its connection is not done")
        expect(
            requests[begun - 1].persistence != .closes || sequencer.isClosed,
            "it stays although the client wants it closed"
        )
        takeHeld()
    }

    private mutating func responseBegan(_ saysClose: Bool) {
        requests[begun - 1].response = .begun
        let persistence = sequencer.responseBegan(saysClose: saysClose)
        let isLast = saysClose || requests[begun - 1].persistence == .closes
        expect(!isLast || persistence == .closes, "a last response does not say so")
        if persistence == .closes { requests[begun - 1].persistence = .closes }
    }

    private mutating func takeHeld() {
        while let action = sequencer.next() { perform(action) }
    }

    // MARK: Rules

    private mutating func perform(_ action: Action<Piece>) {
        if isEnded { expect(action == .nothing || action == .closeBothWays, "it writes after the end") }
        switch action {
        case .nothing: break
        case .ask(let piece), .pass(let piece), .passAndContinue(let piece):
            expect((action == .ask(piece)) == (piece.kind == .whole), "a piece goes to the wrong handler")
            hand(out: piece)
        case .passInputClosed:
            expect(isNothingOwed(byLane: true), "the router goes before the lane has answered")
            expect(waiting.isEmpty, "the router goes before it has all requests")
        case .answerErrorAndClose:
            expect(requests.prefix(begun).dropLast().allSatisfy(\.isOver), "an error before an answer that is due")
            expect(begun == 0 || requests[begun - 1].response != .begun, "an error within a response")
        case .close:
            let last = requests[begun - 1]
            let isCut = !last.hasEnded
            expect(last.response == .ended || isCut, "it closes within a response that could be whole")
        case .closeBothWays: expect(isNothingOwed(byLane: false) || isEnded, "it closes although an answer is due")
        }
        if sequencer.isClosed { isEnded = true }
    }

    /// Pieces are passed on once, in the order in which they came, and those of a request only when the request before
    /// it is over.
    private mutating func hand(out piece: Piece) {
        expect(waiting.first == piece, "a piece is handed out that is not the next")
        if !waiting.isEmpty { waiting.removeFirst() }
        switch piece.kind {
        case .head, .whole:
            expect(begun == piece.request - 1, "a request is left out")
            expect(begun == 0 || requests[begun - 1].isOver, "a request begins before the one before it is over")
            begun = piece.request
            if piece.kind == .whole { requests[begun - 1].hasEnded = true }
        case .body: expect(begun == piece.request, "a body of a request that has not begun")
        case .end: requests[piece.request - 1].hasEnded = true
        }
    }

    /// Nothing is left waiting: a piece is passed on as soon as no request is under way.
    private mutating func checkRest() {
        guard !isEnded else { return expect(!sequencer.isHolding, "it holds input after the end") }
        let isUnderWay = begun > 0 && !requests[begun - 1].isOver
        guard !isUnderWay else { return }
        expect(!sequencer.isHolding, "something is held although nothing is under way")
        expect(waiting.isEmpty, "a piece is left")
        expect(!isQuiescing || isInputClosed, "it stays although the server is stopping")
        expect(!hasFailed, "it stays although nothing more can be read")
    }

    private func isNothingOwed(byLane: Bool) -> Bool {
        guard begun > 0 else { return true }
        let last = requests[begun - 1]
        return last.isOver || byLane && !last.isDecision || last.response == .ended
    }

    private mutating func expect(_ condition: Bool, _ complaint: String) {
        if !condition, self.complaint == nil { self.complaint = complaint }
    }
}
