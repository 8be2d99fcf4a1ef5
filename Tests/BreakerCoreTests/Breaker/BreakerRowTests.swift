import CoreSupport
import Testing

@testable import BreakerCore

@Suite("The row of a breaker")
struct BreakerRowTests {
    @Test(
        "A loaded breaker equals the saved one in every state, under every override",
        arguments: State.allCases,
        [nil, .forceOpen, .forceClosed, .shadow] as [Override.Mode?]
    )
    func roundTrip(state: State, mode: Override.Mode?) {
        for window in [Policy.Window.time(ms: 1_000), .calls(3)] {
            var bench = Bench.in(state) {
                $0.window = window
                $0.slowCallMs = Int64(Bench.slowMs)
                $0.halfOpenProbes = 2
                $0.successThreshold = 2
            }
            bench.wait(123)
            if let mode { bench.setOverride(mode, expiresInMs: 90_000) }
            bench.acquire()
            for _ in 1...3 where bench.breaker.state == .closed {
                bench.play("sFfS")
                bench.wait(150)
            }
            #expect(bench.breaker.reloaded == bench.breaker)
        }
    }

    @Test(
        "A loaded breaker equals the saved one after calls left its time window, on either side of a bucket boundary",
        arguments: [0, 16, 17, 983, 1_000, 5_000]
    )
    func timeWindow(waitMs: Int) {
        var bench = Bench { $0.window = .time(ms: 1_000) }
        bench.wait(7)
        for _ in 1...4 {
            bench.play("sf")
            bench.wait(waitMs)
        }
        let loaded = bench.breaker.reloaded
        #expect(loaded == bench.breaker)
        #expect(loaded?.counts(at: bench.now) == bench.counts)
    }

    @Test(
        "A loaded breaker drops the oldest call from its window of the last calls, as the saved one does",
        arguments: ["fss", "sfss", "ssfss", "sssfss", "fssfsf"]
    )
    func lastCalls(calls: String) {
        var saved = Bench {
            $0.failureThreshold = nil
            $0.window = .calls(4)
        }
        saved.play(calls)
        var loaded = saved
        loaded.breaker = saved.breaker.reloaded!
        for _ in 1...4 {
            saved.play("s")
            loaded.play("s")
            #expect(loaded.counts == saved.counts)
        }
    }

    static let damaged: [(window: Policy.Window, bytes: [UInt8])] = [
        (.time(ms: 1_000), [1]), (.time(ms: 1_000), [1, 2, 3]), (.time(ms: 1_000), [0x80]),
        (.time(ms: 1_000), [5, 1, 1, 0, 5, 1, 1, 0]), (.time(ms: 1_000), [5, 1, 1, 0, 4, 1, 1, 0]),
        (.calls(2), [4]), (.calls(2), [0, 1, 2]), (.calls(2), [0x81]),
        (.time(ms: 1_000), Array(repeating: 0xff, count: 11)),
    ]

    @Test("A breaker with a damaged window does not load", arguments: damaged)
    func damage(window: Policy.Window, bytes: [UInt8]) {
        let breaker = Bench { $0.window = window }.breaker
        var row = breaker.row
        row.window = bytes
        #expect(breaker.loaded(from: row) == nil)
    }

    @Test(
        "A shift moves live instants, and every deadline stays as far away as before",
        arguments: State.allCases,
        [0, 1, 86_400_000, -1, -86_400_000]
    )
    func shift(state: State, byMs: Int) {
        var bench = Bench.in(state)
        bench.setOverride(.shadow, expiresInMs: 50_000)
        if state == .halfOpen { bench.acquire() }
        if state == .closed { bench.play("ff") }
        bench.wait(1_000)
        var shifted = bench
        shifted.breaker.shift(byMilliseconds: Int64(byMs))
        shifted.wait(byMs)
        func moved(_ instant: Instant?) -> Instant? { instant?.advanced(byMilliseconds: Int64(byMs)) }
        #expect(shifted.breaker.since == moved(bench.breaker.since))
        #expect(shifted.breaker.notClosedSince == moved(bench.breaker.notClosedSince))
        #expect(shifted.breaker.openUntil == moved(bench.breaker.openUntil))
        #expect(shifted.breaker.leases.map(\.until) == bench.breaker.leases.map { moved($0.until)! })
        #expect(shifted.breaker.leases.map(\.id) == bench.breaker.leases.map(\.id))
        #expect(shifted.breaker.override?.since == moved(bench.breaker.override?.since))
        #expect(shifted.breaker.override?.expiresAt == moved(bench.breaker.override?.expiresAt))
        #expect(shifted.breaker.recentOpenings == bench.breaker.recentOpenings.map { moved($0)! })
        #expect(shifted.counts == bench.counts)
        #expect(shifted.breaker.generation == bench.breaker.generation)
        #expect(shifted.breaker.createdAt == bench.breaker.createdAt, "what is past is not live")
        #expect(shifted.breaker.lastTransition == bench.breaker.lastTransition)
        #expect(shifted.breaker.lastFailure == bench.breaker.lastFailure)
    }

    @Test("A shift gives no expiry to an override that has none")
    func endless() {
        var bench = Bench()
        bench.setOverride(.forceOpen)
        bench.breaker.shift(byMilliseconds: -5_000)
        #expect(bench.breaker.nextDue == nil)
        #expect(bench.acquire() == .denied(state: .open, generation: 8, retryAfterMs: nil))
    }
}

extension Breaker {
    /// The breaker as a store reads it; `nil` if it cannot be read.
    var reloaded: Breaker? { loaded(from: row) }

    func loaded(from row: BreakerRow) -> Breaker? {
        Breaker(
            row,
            policy: StoredPolicy(
                policy: sharedPolicy,
                source: policySource,
                revision: policyRevision,
                actor: policyActor
            ),
            lastFailure: lastFailure,
            lastTransition: lastTransition,
            recentOpenings: recentOpenings
        )
    }
}
