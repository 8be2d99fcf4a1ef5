import CoreSupport
import Testing

@testable import BreakerCore

@Suite("The attention that a breaker needs")
struct AttentionTests {
    private static func everyRule(_ policy: inout Policy) {
        policy.failureThreshold = 8
        policy.failureCountThreshold = 10
        policy.failureRateThreshold = 0.8
        policy.slowCallRateThreshold = 0.9
        policy.slowCallMs = Int64(Bench.slowMs)
        policy.minimumCalls = 8
    }

    @Test("A breaker lists each enabled rule with its numbers, in the order of the policy")
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

    @Test("A breaker does not list a disabled rule, and its rates are unknown before the first call")
    func offAndEmpty() {
        #expect(Bench { $0.failureThreshold = nil }.breaker.rules(at: .start).isEmpty)
        let rules = Bench(Self.everyRule).breaker.rules(at: .start)
        #expect(rules.map(\.observed) == [0, 0, nil, nil])
        #expect(rules.map(\.progress) == [0, 0, 0, 0])
    }

    @Test(
        "A rate rule's progress is scaled down while the window has fewer calls than minimum_calls",
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
        "A rate rule's progress is a finite number at every threshold",
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

    @Test("With four of five failures the progress is 0.8, and the fifth failure trips the breaker")
    func sameNumbers() {
        var bench = Bench()
        bench.play("ffff")
        #expect(bench.breaker.attention(at: bench.now).progress == 0.8)
        #expect(bench.play("f") == 1)
    }

    @Test("Breakers are sorted by attention: overridden, open, half open, then closed ones by progress")
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

    @Test("A breaker is unstable after three openings, until the first of them is an hour old")
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
