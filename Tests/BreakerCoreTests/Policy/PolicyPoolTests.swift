import CoreSupport
import Testing

@testable import BreakerCore

@Suite("The pool of policies")
struct PolicyPoolTests {
    @Test("Breakers of equal policies share one instance, and a policy change of one does not affect the others")
    func shares() {
        var benches = [Bench(), Bench(), Bench { $0.failureThreshold = 7 }]
        var pool = PolicyPool()
        for index in benches.indices { pool.share(&benches[index].breaker) }
        #expect(benches[0].breaker.sharedPolicy === benches[1].breaker.sharedPolicy)
        #expect(benches[2].breaker.policy.failureThreshold == 7)
        benches[0].changePolicy { $0.failureThreshold = 9 }
        #expect(benches.map(\.breaker.policy.failureThreshold) == [9, 5, 7])
    }

    @Test("A policy beyond the pool's capacity is not shared")
    func isBounded() {
        var pool = PolicyPool()
        for threshold in 1...1_024 {
            var bench = Bench { $0.failureThreshold = threshold }
            pool.share(&bench.breaker)
        }
        var last = [2_000, 2_000, 1_024, 1_024].map { threshold in Bench { $0.failureThreshold = threshold } }
        for index in last.indices { pool.share(&last[index].breaker) }
        #expect(last[0].breaker.sharedPolicy !== last[1].breaker.sharedPolicy)
        #expect(last[0].breaker.policy == last[1].breaker.policy)
        #expect(last[2].breaker.sharedPolicy === last[3].breaker.sharedPolicy)
    }
}
