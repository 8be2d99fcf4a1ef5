import BreakerAPI
import Testing

@testable import BreakerHTTP

@Suite("The turns of the requests on a connection")
struct TurnTests {
    @Test("Any sequence of up to eight events keeps the order, loses nothing and sends nothing after the end")
    func everySequence() {
        // Paths that lead to the same state continue in the same way, so each state is followed once.
        var frontier: [TurnWalk: [TurnWalk.Event]] = [TurnWalk(): []]
        for _ in 1...8 {
            var next: [TurnWalk: [TurnWalk.Event]] = [:]
            for (walk, path) in frontier {
                for event in walk.events {
                    var walk = walk
                    if let complaint = walk.complaint(behind: event) {
                        Issue.record("\(complaint), behind \(path + [event])")
                        return
                    }
                    next[walk] = path + [event]
                }
            }
            frontier = next
        }
        #expect(frontier.count > 10_000)
    }

    private static func head(_ persistence: Persistence = .stays, expects: Bool = false) -> Incoming<Int> {
        .head(1, Opening(persistence: persistence, expectsContinue: expects))
    }

    @Test("A decision is requested when its turn comes, and later requests are held until it is answered")
    func decision() {
        var turn = Turn<Int>()
        #expect(turn.receive(.decision(7)) == .ask(7))
        #expect(turn.idleTimedOut() == .nothing, "the client waits for the server")
        #expect(turn.receive(Self.head()) == .nothing)
        #expect(turn.isHolding)
        #expect(turn.next() == nil)
        #expect(turn.answered() == .stays)
        #expect(turn.next() == .pass(1))
        #expect(!turn.isHolding)
    }

    @Test("A client is told to send its body when its turn comes, unless the body has arrived")
    func expectation() {
        var turn = Turn<Int>()
        #expect(turn.receive(Self.head(expects: true)) == .passAndContinue(1))
        turn = Turn()
        _ = turn.receive(.decision(7))
        #expect(turn.receive(Self.head(expects: true)) == .nothing)
        var other = turn
        #expect(turn.answered() == .stays)
        #expect(turn.next() == .passAndContinue(1))
        #expect(other.receive(.body(3)) == .nothing)
        #expect(other.answered() == .stays)
        #expect(other.next() == .pass(1))
        #expect(other.next() == .pass(3))
    }

    @Test(
        "A response announces whether the connection stays open",
        arguments: [Persistence.stays, .staysAndSaysSo, .closes]
    )
    func persistence(persistence: Persistence) {
        var turn = Turn<Int>()
        _ = turn.receive(Self.head(persistence))
        _ = turn.receive(.end(2))
        #expect(turn.responseBegan(saysClose: false) == persistence)
        #expect(turn.responseEnded() == (persistence == .closes ? .close : .nothing))
    }

    @Test("The connection closes if the router's response says so")
    func routerCloses() {
        var turn = Turn<Int>()
        _ = turn.receive(Self.head())
        #expect(turn.responseBegan(saysClose: true) == .closes)
        #expect(turn.responseEnded() == .close)
        #expect(turn.receive(.body(3)) == .nothing)
        #expect(turn.receive(.inputClosed) == .closeBothWays)
    }

    enum Stage: CaseIterable {
        case atOnce, whileAnswering, withinBody, withinResponse, behindResponse
    }

    @Test(
        "Invalid bytes are answered after all earlier requests, if an answer is still possible",
        arguments: [
            (Stage.atOnce, Action<Int>.answerErrorAndClose(.malformedBytes)), (.whileAnswering, .nothing),
            (.withinBody, .answerErrorAndClose(.malformedBytes)), (.withinResponse, .close),
            (.behindResponse, .close),
        ]
    )
    func failure(stage: Stage, action: Action<Int>) {
        var turn = Turn<Int>()
        switch stage {
        case .atOnce: break
        case .whileAnswering: _ = turn.receive(.decision(7))
        case .withinBody, .withinResponse, .behindResponse: _ = turn.receive(Self.head())
        }
        if stage == .withinResponse || stage == .behindResponse { _ = turn.responseBegan(saysClose: false) }
        if stage == .behindResponse { _ = turn.responseEnded() }
        #expect(turn.receive(.failed(.malformedBytes)) == action)
        #expect(turn.isClosed == (stage != .whileAnswering))
        if stage == .whileAnswering {
            #expect(turn.answered() == .stays)
            #expect(turn.next() == .answerErrorAndClose(.malformedBytes))
        }
    }

    @Test("A body can be late only while it is awaited", arguments: [false, true])
    func lateBody(isWhole: Bool) {
        var turn = Turn<Int>()
        #expect(turn.bodyTimedOut() == .nothing)
        _ = turn.receive(Self.head())
        #expect(turn.awaitsBody)
        if isWhole { _ = turn.receive(.end(2)) }
        #expect(turn.bodyTimedOut() == (isWhole ? .nothing : .answerErrorAndClose(.bodyTooLate)))
    }

    @Test("A half-close is passed on after the lane's answer, or at once if the router answers")
    func halfClose() {
        var lane = Turn<Int>()
        _ = lane.receive(.decision(7))
        #expect(lane.receive(.inputClosed) == .nothing)
        #expect(lane.answered() == .stays)
        #expect(lane.next() == .passInputClosed)
        var router = Turn<Int>()
        _ = router.receive(Self.head())
        _ = router.receive(.end(2))
        #expect(router.receive(.inputClosed) == .passInputClosed)
        _ = router.responseBegan(saysClose: false)
        #expect(router.responseEnded() == .nothing)
    }

    @Test("A server that stops answers the received requests, announces the last answer, and closes")
    func quiesce() {
        var idle = Turn<Int>()
        #expect(idle.quiesce() == .closeBothWays)
        var busy = Turn<Int>()
        _ = busy.receive(.decision(7))
        _ = busy.receive(.decision(8))
        #expect(busy.quiesce() == .nothing)
        #expect(busy.answered() == .stays, "one more is held")
        #expect(busy.next() == .ask(8))
        #expect(busy.answered() == .closes)
        #expect(busy.isClosed)
    }
}
