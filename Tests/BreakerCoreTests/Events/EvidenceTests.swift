import BreakerCore
import CoreSupport
import Testing

@Suite("The evidence of a transition")
struct EvidenceTests {
    @Test("The evidence of a trip has the numbers of its rule, and no others", arguments: Rule.inOrder)
    func trip(rule: Rule) {
        var policy = Policy()
        policy.failureThreshold = nil
        policy.minimumCalls = 4
        policy.window = .calls(8)
        var expected = Evidence()
        expected.observed = rule.isRate ? 0.75 : 2
        expected.threshold = rule.isRate ? 0.5 : 2
        if rule.isRate { (expected.calls, expected.minimumCalls) = (4, 4) }
        if rule != .failureThreshold { expected.window = .calls(8) }
        var calls = rule.isRate ? "fffs" : "ff"
        switch rule {
        case .failureThreshold: policy.failureThreshold = 2
        case .failureCountThreshold: policy.failureCountThreshold = 2
        case .failureRateThreshold: policy.failureRateThreshold = 0.5
        case .slowCallRateThreshold:
            policy.slowCallRateThreshold = 0.5
            policy.slowCallMs = Int64(Bench.slowMs)
            expected.slowCallMs = Int64(Bench.slowMs)
            calls = "SSSs"
        }
        var bench = Bench { $0 = policy }
        bench.play(calls)
        #expect(bench.transitions.map(\.evidence) == [expected])
    }

    @Test("The evidence of a recovery has the time that the breaker was open, and the probe that ended it")
    func recovery() {
        var bench = Bench.halfOpen()
        #expect(bench.transitions.last?.evidence.openMs == 60_000)
        let permit = bench.acquire().permit
        bench.report(Report(.failure, permit: permit, kind: "timeout", reporter: "checkout-7"))
        #expect(bench.transitions.last?.evidence.failureKind == "timeout")
        #expect(bench.transitions.last?.evidence.failureReporter == "checkout-7")
        bench.recover()
        bench.probe(.success)
        #expect(bench.transitions.last?.evidence.observed == 1 && bench.transitions.last?.evidence.threshold == 1)
    }

    @Test("The beginning and the end of an override have the override as evidence", arguments: Override.Mode.allCases)
    func overrides(mode: Override.Mode) {
        var bench = Bench()
        bench.setOverride(mode, expiresInMs: 1_000)
        let override = bench.breaker.override
        #expect(override?.mode == mode)
        bench.wait(1_000)
        bench.advance()
        #expect(bench.transitions.map(\.evidence.override) == [override, override])
    }

    @Test("An automatic opening is a trip, and an operator's is not")
    func trips() {
        var bench = Bench.halfOpen()
        bench.probe(.failure)
        bench.setOverride(.forceOpen)
        #expect(bench.transitions.map(\.to) == [.open, .halfOpen, .open, .open])
        #expect(bench.transitions.map(\.isTrip) == [true, false, true, false])
        bench.clearOverride()
        bench.setOverride(.forceOpen)
        #expect(bench.transitions.last?.to == .open && bench.transitions.last?.isTrip == false)
    }
}
