import BreakerCore
import CoreSupport
import Testing

@Suite("Acquires without a probe, for gates that cannot report")
struct ProbelessAcquireTests {
    @Test(
        "A closed or open breaker answers an acquire without a probe like any other acquire",
        arguments: [State.closed, .open]
    )
    func asAnybody(state: State) {
        var bench = Bench.in(state)
        var other = bench
        #expect(bench.acquireWithoutProbe() == other.acquire())
        #expect(bench.breaker == other.breaker)
    }

    @Test("A half-open breaker denies an acquire without a probe, which leaves the probe to others")
    func halfOpen() {
        var bench = Bench.halfOpen()
        let before = bench.breaker
        #expect(bench.acquireWithoutProbe() == .denied(state: .halfOpen, generation: 9, retryAfterMs: 1_000))
        #expect(bench.breaker == before)
        #expect(bench.acquire().probe != nil)
        bench.wait(10)
        #expect(bench.acquireWithoutProbe() == .denied(state: .halfOpen, generation: 9, retryAfterMs: 29_990))
    }

    @Test(
        "An acquire without a probe makes an open breaker half open once its recovery timeout has passed",
        arguments: [(-1, State.open), (0, .halfOpen)]
    )
    func due(ms: Int, state: State) throws {
        var bench = Bench.open()
        let openMs = try #require(bench.openMs)
        bench.wait(openMs + ms)
        guard case .denied(state, _, _) = bench.acquireWithoutProbe() else {
            Issue.record("it is let through")
            return
        }
        #expect(bench.breaker.state == state)
    }

    @Test(
        "In shadow an acquire without a probe is allowed with wouldDeny set, and takes no lease",
        arguments: [State.open, .halfOpen]
    )
    func shadow(state: State) {
        var bench = Bench.in(state)
        bench.setOverride(.shadow)
        let permit = Permit(generation: bench.breaker.generation)
        #expect(bench.acquireWithoutProbe() == .allowed(permit, state: state, wouldDeny: true))
        #expect(bench.breaker.leases.isEmpty)
    }
}
