import Testing

@testable import BreakerCore

@Suite("How near a breaker is to tripping")
struct AttentionTests {
    private static func everyRule(_ policy: inout Policy) {
        policy.failureThreshold = 8
        policy.failureCountThreshold = 10
        policy.failureRateThreshold = 0.8
        policy.slowCallRateThreshold = 0.9
        policy.slowCallMs = Int64(Bench.slowMs)
        policy.minimumCalls = 8
    }

    @Test("Each rule that is on tells its numbers, in the order of the policy")
    func numbers() {
        var bench = Bench(Self.everyRule)
        bench.play("sfFf")
        let rules = bench.breaker.rules(at: bench.now)
        #expect(rules.map(\.rule) == Rule.inOrder)
        #expect(rules.map(\.observed) == [3, 3, 0.75, 0.25])
        #expect(rules.map(\.threshold) == [8, 10, 0.8, 0.9])
        #expect(rules.map(\.calls) == [nil, nil, 4, 4])
        #expect(rules.map(\.minimumCalls) == [nil, nil, 8, 8])
        #expect(rules.map(\.holds) == [false, false, false, false])
    }

    @Test("A rule that is off is not among them; a share of no calls is unknown")
    func offAndEmpty() {
        #expect(Bench { $0.failureThreshold = nil }.breaker.rules(at: .start).isEmpty)
        let rules = Bench(Self.everyRule).breaker.rules(at: .start)
        #expect(rules.map(\.observed) == [0, 0, nil, nil])
        #expect(rules.map(\.progress) == [0, 0, 0, 0])
    }

    @Test(
        "A rate counts as far as there are calls for it",
        arguments: [("f", 0.25), ("ff", 0.5), ("ffs", 0.5), ("fss", 0.25), ("sss", 0)]
    )
    func progress(calls: String, progress: Double) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureRateThreshold = 0.5
            $0.minimumCalls = 8
        }
        bench.play(calls)
        #expect(bench.breaker.attention(at: bench.now) == .init(rank: 3, progress: progress))
    }

    @Test(
        "How near a rate is to tripping is a finite number, whatever its threshold",
        arguments: [
            (.leastNonzeroMagnitude, .greatestFiniteMagnitude / 2), (0.5, 1), (1, 0.5),
        ] as [(Double, Double)]
    )
    func finite(threshold: Double, progress: Double) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureRateThreshold = threshold
            $0.minimumCalls = 2
        }
        bench.play("f")
        #expect(bench.breaker.attention(at: bench.now) == .init(rank: 3, progress: progress))
    }

    @Test("The last reading before a trip is one failure away from it")
    func sameNumbers() {
        var bench = Bench()
        bench.play("ffff")
        #expect(bench.breaker.attention(at: bench.now).progress == 0.8)
        #expect(bench.play("f") == 1)
    }

    @Test("Overrides come first, then open, half open, and closed by what is nearest")
    func order() {
        var forced = Bench.open()
        forced.setOverride(.shadow)
        var near = Bench()
        near.play("fff")
        let benches = [forced, .open(), .halfOpen(), near, Bench()]
        let keys = benches.map { $0.breaker.attention(at: $0.now) }
        #expect(keys.map(\.rank) == [0, 1, 2, 3, 3])
        #expect(keys.sorted() == keys)
        #expect(keys[3] < keys[4])
    }

    @Test("Three openings within an hour make it unstable, until the first of them is an hour ago")
    func unstable() {
        var bench = Bench.open()
        for _ in 1...2 {
            #expect(!bench.breaker.isUnstable(at: bench.now))
            bench.recover()
            bench.probe(.failure)
        }
        #expect(bench.breaker.isUnstable(at: bench.now))
        let end = Instant.start.advanced(byMilliseconds: Breaker.recentMs)
        #expect(bench.breaker.isUnstable(at: end.advanced(byMilliseconds: -1)))
        #expect(!bench.breaker.isUnstable(at: end))
    }
}
