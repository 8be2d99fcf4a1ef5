import CoreSupport
import Testing

@testable import BreakerCore

@Suite("A breaker that advances to an instant")
struct AdvanceTests {
    @Test(
        "An open breaker becomes half open once its recovery timeout has passed",
        arguments: [(59_999, State.open), (60_000, .halfOpen), (60_001, .halfOpen)]
    )
    func recovery(elapsedMs: Int, state: State) {
        var bench = Bench.open()
        bench.wait(elapsedMs)
        bench.advance()
        #expect(bench.breaker.state == state)
    }

    @Test(
        "The transition to half open has the instant at which the recovery timeout ended, however late it is applied",
        arguments: [0, 1, 99_999]
    )
    func recoveryIsDated(lateMs: Int) {
        var bench = Bench.open()
        let openUntil = bench.breaker.openUntil!
        bench.wait(60_000 + lateMs)
        bench.advance()
        #expect(bench.breaker.since == openUntil)
        #expect(bench.breaker.generation == bench.journal.revision)
        #expect(bench.transitions.last?.at == openUntil)
        #expect(bench.transitions.last?.cause == .recoveryTimeout)
        #expect(bench.transitions.last?.from == .open)
        #expect(bench.transitions.last?.to == .halfOpen)
    }

    @Test("A probe is lost once its lease has run out", arguments: [(29_999, 1, 0), (30_000, 0, 1), (30_001, 0, 1)])
    func lease(elapsedMs: Int, inFlight: Int, lost: Int) {
        var bench = Bench.halfOpen()
        bench.acquire()
        let revision = bench.journal.revision
        bench.wait(elapsedMs)
        bench.advance()
        #expect(bench.breaker.leases.count == inFlight)
        #expect(Int(bench.breaker.lostProbes) == lost)
        #expect(bench.breaker.state == .halfOpen)
        #expect(bench.journal.revision == revision, "a lost probe is no transition")
    }

    @Test(
        "Only the probes whose leases have run out are lost",
        arguments: [(499, 0), (500, 1), (599, 1), (600, 2), (700, 3)]
    )
    func leasesOneByOne(elapsedMs: Int, lost: Int) {
        var bench = Bench.halfOpen {
            $0.halfOpenProbes = 3
            $0.probeLeaseMs = 500
        }
        let start = bench.now
        for _ in 1...3 {
            bench.acquire()
            bench.wait(100)
        }
        bench.now = start.advanced(byMilliseconds: Int64(elapsedMs))
        bench.advance()
        #expect(Int(bench.breaker.lostProbes) == lost)
        #expect(bench.breaker.leases.count == 3 - lost)
    }

    @Test(
        "An override ends once its expiry is reached",
        arguments: [Override.Mode.forceOpen, .forceClosed, .shadow],
        [(59_999, false), (60_000, true), (60_001, true)]
    )
    func expiry(mode: Override.Mode, boundary: (elapsedMs: Int, ended: Bool)) {
        var bench = Bench()
        bench.setOverride(mode, expiresInMs: 60_000)
        let expiry = bench.now.advanced(byMilliseconds: 60_000)
        bench.wait(boundary.elapsedMs)
        bench.advance()
        #expect((bench.breaker.override == nil) == boundary.ended)
        #expect((bench.transitions.last?.cause == .overrideExpired) == boundary.ended)
        if boundary.ended { #expect(bench.transitions.last?.at == expiry) }
    }

    @Test(
        "The recovery timeout and an override's expiry are applied in order of time; in a tie the timeout is first",
        arguments: [
            (59_999, [(Cause.overrideExpired, State.open), (.recoveryTimeout, .halfOpen)]),
            (60_000, [(.recoveryTimeout, .halfOpen), (.overrideExpired, .halfOpen)]),
            (60_001, [(.recoveryTimeout, .halfOpen), (.overrideExpired, .halfOpen)]),
        ]
    )
    func timeoutAndExpiry(expiresInMs: Int, expected: [(cause: Cause, to: State)]) {
        var bench = Bench.open()
        bench.setOverride(.shadow, expiresInMs: expiresInMs)
        bench.wait(100_000)
        bench.advance()
        let last = bench.transitions.suffix(2)
        #expect(last.map(\.cause) == expected.map(\.cause))
        #expect(last.map(\.to) == expected.map(\.to))
        #expect(last.first!.at <= last.last!.at)
    }

    @Test(
        "If a lease and an override end at the same instant, the lease ends first",
        arguments: [
            (29_999, DueEvent.overrideExpires), (30_000, .leaseRunsOut(index: 0)), (30_001, .leaseRunsOut(index: 0)),
        ]
    )
    func leaseAndExpiry(expiresInMs: Int, first: DueEvent) {
        var bench = Bench.halfOpen()
        bench.setOverride(.shadow, expiresInMs: expiresInMs)
        bench.acquire()
        #expect(bench.breaker.nextEvent?.event == first)
        #expect(bench.breaker.nextDue == bench.now.advanced(byMilliseconds: Int64(min(expiresInMs, 30_000))))
    }

    @Test("After force_open ends, no recovery timeout from before it was set takes effect")
    func forceOpenForgetsWhatWasDue() {
        var bench = Bench.open()
        bench.setOverride(.forceOpen, expiresInMs: 100_000)
        bench.wait(99_999)
        bench.advance()
        #expect(bench.breaker.state == .open)
        bench.wait(1)
        bench.advance()
        #expect(bench.breaker.state == .halfOpen)
        #expect(bench.transitions.last?.cause == .overrideExpired)
        #expect(bench.breaker.nextDue == nil)
    }

    @Test("An advance changes nothing while nothing is due", arguments: State.allCases)
    func nothingDue(state: State) {
        var bench = Bench.in(state)
        let before = bench.breaker
        let revision = bench.journal.revision
        bench.wait(59_999)
        bench.advance()
        #expect(bench.breaker == before)
        #expect(bench.journal.revision == revision)
    }
}
