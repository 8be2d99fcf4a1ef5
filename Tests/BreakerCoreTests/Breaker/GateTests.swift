import BreakerCore
import Testing

@Suite("Who cannot report a call")
struct GateTests {
    @Test("is answered as anybody while the breaker is closed or open", arguments: [State.closed, .open])
    func asAnybody(state: State) {
        var bench = Bench.in(state)
        var other = bench
        #expect(bench.acquireWithoutProbe() == other.acquire())
        #expect(bench.breaker == other.breaker)
    }

    @Test("is denied while it is half open, and takes no probe away")
    func halfOpen() {
        var bench = Bench.halfOpen()
        let before = bench.breaker
        #expect(bench.acquireWithoutProbe() == .denied(state: .halfOpen, generation: 9, retryAfterMs: 1_000))
        #expect(bench.breaker == before)
        #expect(bench.acquire().probe != nil)
        bench.wait(10)
        #expect(bench.acquireWithoutProbe() == .denied(state: .halfOpen, generation: 9, retryAfterMs: 29_990))
    }

    @Test("finds an open breaker half open once its time is over", arguments: [(-1, State.open), (0, .halfOpen)])
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

    @Test("is let through in shadow, and told that it would not be", arguments: [State.open, .halfOpen])
    func shadow(state: State) {
        var bench = Bench.in(state)
        bench.setOverride(.shadow)
        let permit = Permit(generation: bench.breaker.generation)
        #expect(bench.acquireWithoutProbe() == .allowed(permit, state: state, wouldDeny: true))
        #expect(bench.breaker.leases.isEmpty)
    }
}
