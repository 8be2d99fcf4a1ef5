import CoreSupport
import Testing

@testable import BreakerCore

@Suite("A reset")
struct ResetTests {
    @Test("A reset begins a generation from every state", arguments: State.allCases, Breaker.ResetTarget.allCases)
    func begins(state: State, target: Breaker.ResetTarget) throws {
        var bench = Bench.in(state)
        let generation = bench.breaker.generation
        bench.wait(10)
        try bench.reset(to: target)
        #expect(bench.breaker.state == (target == .closed ? .closed : .halfOpen))
        #expect(bench.breaker.generation == generation + 1)
        #expect(bench.breaker.since == bench.now)
        #expect(bench.transitions.last?.cause == .reset)
        #expect(bench.transitions.last?.from == state)
        #expect(bench.transitions.last?.actor == "carol")
    }

    @Test("A reset to half open lets a probe through at once")
    func probesNow() throws {
        var bench = Bench.open()
        try bench.reset(to: .halfOpen)
        #expect(bench.acquire().probe != nil)
        #expect(bench.acquire() == .denied(state: .halfOpen, generation: 9, retryAfterMs: 30_000))
    }

    @Test("A reset of a half-open breaker to half open ends all leases and sets its success count to 0")
    func endsLeases() throws {
        var bench = Bench.halfOpen { $0.successThreshold = 2 }
        bench.probe(.success)
        let permit = bench.acquire().probe
        try bench.reset(to: .halfOpen)
        #expect(bench.breaker.leases.isEmpty)
        #expect(bench.breaker.probeSuccesses == 0)
        #expect(bench.report(.success, permit: permit).refusal == .stalePermit)
    }

    @Test("A reset under force_open is refused, and changes nothing", arguments: Breaker.ResetTarget.allCases)
    func forcedOpen(target: Breaker.ResetTarget) {
        var bench = Bench.open { $0.recoveryTimeoutMultiplier = 2 }
        bench.setOverride(.forceOpen)
        let before = bench.breaker
        let revision = bench.journal.revision
        #expect(throws: Breaker.Forced(mode: .forceOpen)) { try bench.reset(to: target) }
        #expect(bench.breaker == before)
        #expect(bench.journal.revision == revision)
    }

    @Test("A reset is allowed again once force_open has expired", arguments: [(999, true), (1_000, false)])
    func forcedOpenExpires(elapsedMs: Int, refused: Bool) {
        var bench = Bench()
        bench.setOverride(.forceOpen, expiresInMs: 1_000)
        bench.wait(elapsedMs)
        #expect((try? bench.reset()) == nil ? refused : !refused)
    }

    @Test("Under force_closed a reset to closed is carried out, and a reset to half open is refused")
    func forcedClosed() throws {
        var bench = Bench()
        bench.setOverride(.forceClosed)
        bench.play("fff")
        #expect(throws: Breaker.Forced(mode: .forceClosed)) { try bench.reset(to: .halfOpen) }
        #expect(bench.breaker.consecutiveFailures == 3)
        try bench.reset()
        #expect(bench.breaker.consecutiveFailures == 0)
        #expect(bench.breaker.override?.mode == .forceClosed)
    }

    @Test(
        "A reset under shadow changes the state as usual, and the shadow stays",
        arguments: Breaker.ResetTarget.allCases
    )
    func shadow(target: Breaker.ResetTarget) throws {
        var bench = Bench.open()
        bench.setOverride(.shadow)
        try bench.reset(to: target)
        #expect(bench.breaker.state == (target == .closed ? .closed : .halfOpen))
        #expect(bench.breaker.override?.mode == .shadow)
    }
}
