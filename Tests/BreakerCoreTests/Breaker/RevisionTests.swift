import CoreSupport
import Testing

@testable import BreakerCore

@Suite("Revisions and generations")
struct RevisionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var bench: @Sendable () -> Bench
        var event: @Sendable (inout Bench) -> Void
        var revisions: Int64
        /// Whether a generation begins. Its number is the last of the revisions.
        var generation: Bool
        var testDescription: String { what }

        init(
            _ what: String,
            takes revisions: Int64,
            generation: Bool,
            from bench: @escaping @Sendable () -> Bench,
            _ event: @escaping @Sendable (inout Bench) -> Void
        ) {
            (self.what, self.bench, self.event) = (what, bench, event)
            (self.revisions, self.generation) = (revisions, generation)
        }
    }

    static func forced(_ mode: Override.Mode) -> @Sendable () -> Bench {
        {
            var bench = Bench()
            bench.setOverride(mode)
            return bench
        }
    }

    static let closed: @Sendable () -> Bench = { Bench() }
    static let halfOpen: @Sendable () -> Bench = { .halfOpen() }

    static let cases = [
        Case("acquire", takes: 0, generation: false, from: closed) { $0.acquire() },
        Case("success", takes: 0, generation: false, from: closed) { $0.report(.success) },
        Case("failure", takes: 0, generation: false, from: closed) { $0.report(.failure) },
        Case("probe granted", takes: 0, generation: false, from: halfOpen) { $0.acquire() },
        Case("probe given back", takes: 0, generation: false, from: halfOpen) { $0.probe(.ignored) },
        Case("trip", takes: 1, generation: true, from: closed) { $0.trip() },
        Case("half open", takes: 1, generation: true, from: { .open() }) { $0.recover() },
        Case("close", takes: 1, generation: true, from: halfOpen) { $0.probe(.success) },
        Case("probe failed", takes: 1, generation: true, from: halfOpen) { $0.probe(.failure) },
        Case("reset", takes: 1, generation: true, from: closed) { try! $0.reset() },
        Case("policy change", takes: 1, generation: false, from: closed) { $0.changePolicy { _ in } },
        Case("force_open set", takes: 1, generation: true, from: closed) { $0.setOverride(.forceOpen) },
        Case("force_closed set", takes: 1, generation: true, from: closed) { $0.setOverride(.forceClosed) },
        Case("shadow set", takes: 1, generation: false, from: closed) { $0.setOverride(.shadow) },
        Case("force_open cleared", takes: 1, generation: true, from: forced(.forceOpen)) { $0.clearOverride() },
        Case("force_closed cleared", takes: 1, generation: true, from: forced(.forceClosed)) { $0.clearOverride() },
        Case("shadow cleared", takes: 1, generation: false, from: forced(.shadow)) { $0.clearOverride() },
        Case("force_open replaced", takes: 2, generation: true, from: forced(.forceOpen)) {
            $0.setOverride(.forceOpen)
        },
        Case("shadow replaced", takes: 2, generation: false, from: forced(.shadow)) { $0.setOverride(.shadow) },
    ]

    @Test(
        "Each stored change takes the next revision, and that of a change of state begins a generation",
        arguments: cases
    )
    func event(of test: Case) {
        var bench = test.bench()
        let before = bench
        test.event(&bench)
        #expect(bench.journal.revision == before.journal.revision + test.revisions)
        #expect(
            bench.breaker.generation == (test.generation ? bench.journal.revision : before.breaker.generation)
        )
        let changes = bench.journal.changes.dropFirst(before.journal.changes.count)
        #expect(changes.map(\.revision) == (0..<test.revisions).map { before.journal.revision + 1 + $0 })
        #expect(changes.allSatisfy { $0.name == Bench.name && $0.breakerID == 7 })
        for case .transition(let transition) in changes.map(\.kind) {
            #expect(changes.contains { $0.revision == transition.revision && $0.at == transition.at })
        }
    }

    @Test("The creation of a breaker takes a revision, which is its id and its first generation")
    func creation() {
        let bench = Bench()
        let breaker = bench.breaker
        #expect(breaker.id == 7)
        #expect(breaker.generation == 7)
        #expect(breaker.policyRevision == 7)
        #expect(breaker.createdAt == .start)
        #expect(breaker.since == .start)
        #expect(breaker.state == .closed)
        #expect(breaker.lastTransition == nil)
        let expected = Journal.Change(
            revision: 7,
            name: Bench.name,
            breakerID: 7,
            at: .start,
            kind: .created,
            summary: breaker.summary
        )
        #expect(bench.journal.changes == [expected])
    }

    @Test("The deletion of a breaker takes a revision, so a breaker created again has a later generation")
    func deletion() {
        var bench = Bench()
        bench.journal.recordDeletion(of: bench.breaker, actor: "erin", at: bench.now)
        #expect(bench.journal.changes.last?.kind == .deleted(actor: "erin"))
        #expect(bench.journal.changes.last?.revision == 8)
        #expect(bench.journal.changes.last?.summary == nil)
        let again = Breaker(
            creating: Bench.name,
            policy: Policy(),
            source: .builtIn,
            at: bench.now,
            journal: &bench.journal
        )
        #expect(again.generation == 9)
        #expect(again.id == 9)
    }

    @Test("The breakers of one journal share one sequence of revisions")
    func shared() {
        var bench = Bench()
        let name = BreakerName("other")!
        let policy = Policy.with { $0.failureThreshold = 1 }
        var other = Breaker(creating: name, policy: policy, source: .api, at: bench.now, journal: &bench.journal)
        bench.trip()
        _ = other.report(Report(.failure), at: bench.now, journal: &bench.journal)
        #expect(bench.journal.changes.map(\.revision) == [7, 8, 9, 10])
        #expect(bench.journal.changes.map(\.name) == [Bench.name, name, Bench.name, name])
        #expect(bench.breaker.generation == 9)
        #expect(other.generation == 10)
    }

    @Test("The raw values of causes are the words of the contract")
    func causes() {
        #expect(
            Cause.allCases.map(\.rawValue) == [
                "failure_threshold", "failure_count_threshold", "failure_rate_threshold", "slow_call_rate_threshold",
                "recovery_timeout", "probe_failed", "probes_succeeded", "reset", "override_set", "override_cleared",
                "override_expired",
            ]
        )
    }
}
