import CoreSupport
import Testing

@testable import BreakerCore

@Suite("Changes of a policy")
struct PolicyChangeTests {
    @Test(
        "A policy change keeps state, streak, leases, successes, recovery timeout and back-off",
        arguments: State.allCases
    )
    func stays(state: State) {
        var bench = Bench.in(state) {
            $0.halfOpenProbes = 3
            $0.successThreshold = 3
        }
        if state == .closed { bench.play("ff") }
        if state == .halfOpen {
            bench.probe(.success)
            bench.acquire()
            bench.acquire()
        }
        let before = bench
        bench.changePolicy {
            $0.failureThreshold = 1
            $0.recoveryTimeoutMs = 100
            $0.halfOpenProbes = 1
            $0.successThreshold = 1
            $0.probeLeaseMs = 100
        }
        #expect(bench.breaker.phase == before.breaker.phase)
        #expect(bench.breaker.generation == before.breaker.generation)
        #expect(bench.breaker.since == before.breaker.since)
        #expect(bench.breaker.backOff == before.breaker.backOff)
        #expect(bench.breaker.lastTransition == before.breaker.lastTransition)
        #expect(bench.journal.revision == before.journal.revision + 1)
        #expect(bench.breaker.policyRevision == bench.journal.revision)
        #expect(bench.breaker.policyActor == "dave")
        #expect(bench.breaker.policySource == .api)
        #expect(bench.transitions == before.transitions)
    }

    @Test("A policy change keeps the override", arguments: Override.Mode.allCases)
    func overrideStays(mode: Override.Mode) {
        var bench = Bench()
        bench.setOverride(mode, expiresInMs: 5_000)
        let override = bench.breaker.override
        bench.changePolicy { $0.recoveryTimeoutMs = 100 }
        #expect(bench.breaker.override == override)
    }

    typealias Edit = @Sendable (inout Policy) -> Void

    static let edits: [(what: String, edit: Edit, empties: Bool)] = [
        ("nothing", { _ in }, false),
        ("failure_threshold", { $0.failureThreshold = 9 }, false),
        ("failure_count_threshold", { $0.failureCountThreshold = 9 }, false),
        ("failure_rate_threshold", { $0.failureRateThreshold = 0.9 }, false),
        ("slow_call_rate_threshold", { $0.slowCallRateThreshold = 0.9 }, false),
        ("minimum_calls", { $0.minimumCalls = 9 }, false),
        ("recovery_timeout_ms", { $0.recoveryTimeoutMs = 9_000 }, false),
        ("half_open_probes", { $0.halfOpenProbes = 9 }, false),
        ("window_ms", { $0.window = .time(ms: 60_001) }, true),
        ("window_calls", { $0.window = .calls(60) }, true),
        ("slow_call_ms", { $0.slowCallMs = 101 }, true),
        ("slow_call_ms off", { $0.slowCallMs = nil }, true),
    ]

    @Test(
        "A policy change empties the window if window_* or slow_call_ms differ, and keeps the streak",
        arguments: edits
    )
    func window(what: String, edit: Edit, empties: Bool) {
        var bench = Bench { $0.slowCallMs = 100 }
        bench.play("sFf")
        bench.changePolicy(edit)
        #expect(bench.counts == (empties ? .zero : Counts(calls: 3, failures: 2, slow: 1)))
        #expect(bench.breaker.consecutiveFailures == 2)
        bench.play("f")
        #expect(bench.counts.calls == (empties ? 1 : 4))
    }

    @Test("A policy change empties the window if window_calls differs", arguments: [(3, false), (2, true), (4, true)])
    func windowCalls(calls: Int, empties: Bool) {
        var bench = Bench { $0.window = .calls(3) }
        bench.play("sf")
        bench.changePolicy { $0.window = .calls(calls) }
        #expect(bench.counts.calls == (empties ? 0 : 2))
    }

    @Test(
        "A window that is set while open or half open applies once the breaker closes",
        arguments: [State.open, .halfOpen]
    )
    func windowWhileNotClosed(state: State) {
        var bench = Bench.in(state)
        bench.changePolicy { $0.window = .calls(2) }
        if state == .open { bench.recover() }
        bench.probe(.success)
        bench.play("fsf")
        #expect(bench.counts == Counts(calls: 2, failures: 1))
    }

    @Test("A lowered threshold trips at the next report, and not before", arguments: ["f", "s"])
    func loweredThreshold(call: String) {
        var bench = Bench { $0.failureCountThreshold = 100 }
        bench.play("ffff")
        bench.changePolicy { $0.failureCountThreshold = 3 }
        bench.wait(100)
        bench.advance()
        #expect(bench.breaker.state == .closed)
        #expect(bench.play(call) == 1)
        #expect(bench.transitions.last?.cause == (call == "f" ? .failureThreshold : .failureCountThreshold))
    }

    @Test("A lowered success_threshold closes the breaker at the next success")
    func loweredSuccessThreshold() {
        var bench = Bench.halfOpen { $0.successThreshold = 5 }
        bench.probe(.success)
        bench.probe(.success)
        bench.changePolicy { $0.successThreshold = 1 }
        #expect(bench.breaker.state == .halfOpen)
        bench.probe(.success)
        #expect(bench.breaker.state == .closed)
    }

    @Test("A lowered half_open_probes ends no lease, and limits the probes granted from then on", arguments: [1, 2])
    func loweredProbes(limit: Int) {
        var bench = Bench.halfOpen {
            $0.halfOpenProbes = 3
            $0.successThreshold = 9
        }
        let permits = (1...3).map { _ in bench.acquire().probe! }
        bench.changePolicy { $0.halfOpenProbes = limit }
        #expect(bench.breaker.leases.count == 3)
        for (reported, permit) in permits.enumerated() {
            #expect((bench.acquire().probe == nil) == (3 - reported >= limit))
            guard 3 - reported >= limit else { return }
            #expect(bench.report(.success, permit: permit).applied)
        }
        #expect(bench.acquire().probe != nil)
    }

    @Test("A raised half_open_probes grants the next acquire a probe, leased for the changed probe_lease_ms")
    func raisedProbes() {
        var bench = Bench.halfOpen()
        bench.acquire()
        #expect(bench.acquire().isDenied)
        bench.changePolicy {
            $0.halfOpenProbes = 2
            $0.probeLeaseMs = 100
        }
        let decision = bench.acquire()
        #expect(decision == .allowed(decision.probe!, state: .halfOpen, leaseMs: 100))
        let ends = bench.breaker.leases.map { bench.now.milliseconds(until: $0.until) }
        #expect(ends == [30_000, 100])
    }

    @Test("A policy change by the configuration has no actor")
    func configuration() {
        var bench = Bench()
        let at = bench.now
        bench.breaker.changePolicy(to: Policy(), source: .config, actor: nil, at: at, journal: &bench.journal)
        #expect(bench.breaker.policyActor == nil)
        #expect(bench.breaker.policySource == .config)
        #expect(bench.journal.changes.last?.kind == .policyChanged(actor: nil))
    }
}
