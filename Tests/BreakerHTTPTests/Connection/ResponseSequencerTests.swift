import BreakerAPI
import Testing

@testable import BreakerHTTP

@Suite("The turns of the requests on a connection")
struct ResponseSequencerTests {
    @Test("Any sequence of up to eight events keeps the order, loses nothing and sends nothing after the end")
    func everySequence() {
        // Paths that lead to the same state continue in the same way, so each state is followed once.
        var frontier: [ResponseSequencerWalk: [ResponseSequencerWalk.Event]] = [ResponseSequencerWalk(): []]
        for _ in 1...8 {
            var next: [ResponseSequencerWalk: [ResponseSequencerWalk.Event]] = [:]
            for (walk, path) in frontier {
                for event in walk.events {
                    var walk = walk
                    if let complaint = walk.complaint(after: event) {
                        Issue.record("\(complaint), after \(path + [event])")
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
        .head(1, RequestTraits(persistence: persistence, expectsContinue: expects))
    }

    @Test("A decision is requested when its sequencer comes, and later requests are held until it is answered")
    func decision() {
        var sequencer = ResponseSequencer<Int>()
        #expect(sequencer.receive(.decision(7)) == .ask(7))
        #expect(sequencer.idleTimedOut() == .nothing, "the client waits for the server")
        #expect(sequencer.receive(Self.head()) == .nothing)
        #expect(sequencer.isHolding)
        #expect(sequencer.next() == nil)
        #expect(sequencer.answered() == .stays)
        #expect(sequencer.next() == .pass(1))
        #expect(!sequencer.isHolding)
    }

    @Test("A client is asked for its body when its turn comes, unless the body has arrived")
    func expectation() {
        var sequencer = ResponseSequencer<Int>()
        #expect(sequencer.receive(Self.head(expects: true)) == .passAndContinue(1))
        sequencer = ResponseSequencer()
        _ = sequencer.receive(.decision(7))
        #expect(sequencer.receive(Self.head(expects: true)) == .nothing)
        var other = sequencer
        #expect(sequencer.answered() == .stays)
        #expect(sequencer.next() == .passAndContinue(1))
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
        var sequencer = ResponseSequencer<Int>()
        _ = sequencer.receive(Self.head(persistence))
        _ = sequencer.receive(.end(2))
        #expect(sequencer.responseBegan(saysClose: false) == persistence)
        #expect(sequencer.responseEnded() == (persistence == .closes ? .close : .nothing))
    }

    @Test("The connection closes if the router's response says so")
    func routerCloses() {
        var sequencer = ResponseSequencer<Int>()
        _ = sequencer.receive(Self.head())
        #expect(sequencer.responseBegan(saysClose: true) == .closes)
        #expect(sequencer.responseEnded() == .close)
        #expect(sequencer.receive(.body(3)) == .nothing)
        #expect(sequencer.receive(.inputClosed) == .closeBothWays)
    }

    enum Stage: CaseIterable {
        case atOnce, whileAnswering, withinBody, withinResponse, afterResponse
    }

    @Test(
        "Invalid bytes are answered after all earlier requests, if an answer is still possible",
        arguments: [
            (Stage.atOnce, Action<Int>.answerErrorAndClose(.malformedBytes)), (.whileAnswering, .nothing),
            (.withinBody, .answerErrorAndClose(.malformedBytes)), (.withinResponse, .close),
            (.afterResponse, .close),
        ]
    )
    func failure(stage: Stage, action: Action<Int>) {
        var sequencer = ResponseSequencer<Int>()
        switch stage {
        case .atOnce: break
        case .whileAnswering: _ = sequencer.receive(.decision(7))
        case .withinBody, .withinResponse, .afterResponse: _ = sequencer.receive(Self.head())
        }
        if stage == .withinResponse || stage == .afterResponse { _ = sequencer.responseBegan(saysClose: false) }
        if stage == .afterResponse { _ = sequencer.responseEnded() }
        #expect(sequencer.receive(.failed(.malformedBytes)) == action)
        #expect(sequencer.isClosed == (stage != .whileAnswering))
        if stage == .whileAnswering {
            #expect(sequencer.answered() == .stays)
            #expect(sequencer.next() == .answerErrorAndClose(.malformedBytes))
        }
    }

    @Test("A body can be late only while it is awaited", arguments: [false, true])
    func lateBody(isWhole: Bool) {
        var sequencer = ResponseSequencer<Int>()
        #expect(sequencer.bodyTimedOut() == .nothing)
        _ = sequencer.receive(Self.head())
        #expect(sequencer.awaitsBody)
        if isWhole { _ = sequencer.receive(.end(2)) }
        #expect(sequencer.bodyTimedOut() == (isWhole ? .nothing : .answerErrorAndClose(.bodyTooLate)))
    }

    @Test("A half-close is passed on after the lane's answer, or at once if the router answers")
    func halfClose() {
        var lane = ResponseSequencer<Int>()
        _ = lane.receive(.decision(7))
        #expect(lane.receive(.inputClosed) == .nothing)
        #expect(lane.answered() == .stays)
        #expect(lane.next() == .passInputClosed)
        var router = ResponseSequencer<Int>()
        _ = router.receive(Self.head())
        _ = router.receive(.end(2))
        #expect(router.receive(.inputClosed) == .passInputClosed)
        _ = router.responseBegan(saysClose: false)
        #expect(router.responseEnded() == .nothing)
    }

    @Test("A server that stops answers the received requests, announces the last answer, and closes")
    func quiesce() {
        var idle = ResponseSequencer<Int>()
        #expect(idle.quiesce() == .closeBothWays)
        var busy = ResponseSequencer<Int>()
        _ = busy.receive(.decision(7))
        _ = busy.receive(.decision(8))
        #expect(busy.quiesce() == .nothing)
        #expect(busy.answered() == .stays, "one more is held")
        #expect(busy.next() == .ask(8))
        #expect(busy.answered() == .closes)
        #expect(busy.isClosed)
    }
}
