import Testing

@testable import BreakerClient

@Suite("Own decisions")
struct OwnDecisionsTests {
    @Test("A client sends each decision of its own once, and none of the server's")
    func decisionsAreTakenOnce() {
        var state = BreakerEntry.State()
        state.tally.count(CallDecision(isAllowed: true, source: .local, state: .closed))
        state.tally.count(CallDecision(isAllowed: false, source: .local, state: .open))
        state.tally.count(CallDecision(isAllowed: false, source: .fallback, state: .open))
        state.tally.count(CallDecision(isAllowed: false, source: .server, state: .open))
        #expect(state.takeOwnDecisions() == DecisionTally.Counts(allowed: 1, denied: 2))
        #expect(state.takeOwnDecisions() == DecisionTally.Counts())
    }

    @Test("Counts that the server refused are taken again")
    func refusedCountsAreTakenAgain() {
        var state = BreakerEntry.State()
        state.tally.count(CallDecision(isAllowed: false, source: .local, state: .open))
        let counts = state.takeOwnDecisions()
        state.putBackOwnDecisions(counts)
        #expect(state.takeOwnDecisions() == counts)
    }
}
