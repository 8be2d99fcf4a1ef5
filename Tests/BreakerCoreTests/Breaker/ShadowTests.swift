import BreakerCore
import CoreSupport
import Testing

@Suite("A breaker in shadow")
struct ShadowTests {
    @Test("Setting or ending shadow changes neither state nor generation", arguments: State.allCases, [true, false])
    func generation(state: State, expires: Bool) {
        var bench = Bench.in(state)
        let before = bench.breaker
        bench.setOverride(.shadow, expiresInMs: 1_000)
        #expect(bench.breaker.phase == before.phase)
        bench.wait(expires ? 1_000 : 10)
        if expires { bench.advance() } else { bench.clearOverride() }
        #expect(bench.breaker.phase == before.phase)
        #expect(bench.breaker.generation == before.generation)
        #expect(bench.breaker.since == before.since)
        let last = bench.transitions.suffix(2)
        #expect(last.map(\.cause) == [.overrideSet, expires ? .overrideExpired : .overrideCleared])
        #expect(last.allSatisfy { $0.from == state && $0.to == state })
        #expect(bench.breaker.lastTransition == last.last)
    }

    @Test("In shadow, an acquire that an open breaker would deny is allowed with a bare permit and wouldDeny set")
    func open() {
        var bench = Bench.open()
        bench.setOverride(.shadow)
        bench.wait(59_999)
        let permit = Permit(generation: 8)
        #expect(bench.acquire() == .allowed(permit, state: .open, wouldDeny: true))
        #expect(bench.report(.failure, permit: permit).refusal == .open)
        bench.wait(1)
        #expect(bench.acquire().probe != nil, "the recovery timeout passes as always")
    }

    @Test("In shadow, an acquire that a half-open breaker would deny is allowed with a bare permit and wouldDeny set")
    func halfOpen() {
        var bench = Bench.halfOpen()
        bench.setOverride(.shadow)
        let probe = bench.acquire()
        #expect(probe.probe != nil)
        #expect(probe == .allowed(probe.probe!, state: .halfOpen, leaseMs: 30_000))
        let permit = Permit(generation: bench.breaker.generation)
        #expect(bench.acquire() == .allowed(permit, state: .halfOpen, wouldDeny: true))
        #expect(bench.report(.failure, permit: permit).refusal == .noLease)
        #expect(bench.breaker.leases.count == 1)
        #expect(bench.report(.success, permit: probe.probe).state == .closed)
    }

    @Test("A closed breaker in shadow allows calls and trips as it does without shadow")
    func closed() {
        var bench = Bench()
        bench.setOverride(.shadow)
        #expect(bench.acquire() == .allowed(Permit(generation: 7), state: .closed))
        #expect(bench.play("fffff") == 5)
        #expect(bench.breaker.override?.mode == .shadow)
        #expect(
            bench.acquire() == .allowed(Permit(generation: bench.breaker.generation), state: .open, wouldDeny: true)
        )
    }

    @Test("A failed probe opens a breaker in shadow, and the shadow stays")
    func probeFails() {
        var bench = Bench.halfOpen()
        bench.setOverride(.shadow)
        #expect(bench.probe(.failure).state == .open)
        #expect(bench.breaker.override?.mode == .shadow)
    }

    @Test(
        "An open breaker denies again once its shadow has ended",
        arguments: [(999, false), (1_000, true), (1_001, true)]
    )
    func ends(elapsedMs: Int, denied: Bool) {
        var bench = Bench.open()
        bench.setOverride(.shadow, expiresInMs: 1_000)
        bench.wait(elapsedMs)
        #expect(bench.acquire().isDenied == denied)
    }
}
