import BreakerCore
import Testing

@Suite("In shadow the machine runs as always")
struct ShadowTests {
    @Test("Setting and ending it change neither state nor generation", arguments: State.allCases, [true, false])
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

    @Test("An acquire that an open breaker would deny is allowed, with a bare permit, and says so")
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

    @Test("An acquire that a half-open breaker would deny is allowed, with a bare permit, and says so")
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

    @Test("A closed breaker allows as always, and trips as always")
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

    @Test("A probe that fails opens, and the shadow stays")
    func probeFails() {
        var bench = Bench.halfOpen()
        bench.setOverride(.shadow)
        #expect(bench.probe(.failure).state == .open)
        #expect(bench.breaker.override?.mode == .shadow)
    }

    @Test("It denies again once it has ended", arguments: [(999, false), (1_000, true), (1_001, true)])
    func ends(elapsedMs: Int, denied: Bool) {
        var bench = Bench.open()
        bench.setOverride(.shadow, expiresInMs: 1_000)
        bench.wait(elapsedMs)
        #expect(bench.acquire().isDenied == denied)
    }
}
