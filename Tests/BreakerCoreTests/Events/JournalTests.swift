import BreakerCore
import CoreSupport
import Testing

@Suite("The journal")
struct JournalTests {
    @Test("A journal continues from the last stored revision", arguments: [0, 1, 41])
    func start(stored: Int64) {
        var journal = Journal(revision: stored)
        #expect(journal.revision == stored)
        let breaker = Breaker(
            creating: Bench.name,
            policy: Policy(),
            source: .builtIn,
            at: .start,
            journal: &journal
        )
        #expect(breaker.id == stored + 1)
        #expect(journal.revision == stored + 1)
    }

    @Test("A journal cannot begin at a negative revision")
    func negative() async {
        await #expect(processExitsWith: .failure) { _ = Journal(revision: -1) }
    }

    @Test("The changes of one event are in the journal in the order of their revisions")
    func order() {
        var bench = Bench.open()
        bench.setOverride(.shadow, expiresInMs: 90_000)
        bench.wait(100_000)
        bench.changePolicy { _ in }
        let last = bench.journal.changes.suffix(3)
        #expect(last.map(\.revision) == [10, 11, 12])
        #expect(last.map { Bench().now.milliseconds(until: $0.at) } == [60_000, 90_000, 100_000])
        #expect(last.last?.kind == .policyChanged(actor: "dave"))
    }

    @Test("Each change has the summary that the breaker had then, even if one event makes several changes")
    func summaries() throws {
        var bench = Bench.open()
        bench.setOverride(.forceClosed, expiresInMs: 70_000)
        let forced = bench.breaker.override
        bench.wait(70_000)
        bench.changePolicy { $0.failureThreshold = 3 }
        let summaries = try bench.journal.changes.suffix(4).map { try #require($0.summary) }
        #expect(summaries.map(\.state) == [.open, .closed, .closed, .closed])
        #expect(summaries.map(\.generation) == [8, 9, 10, 10])
        #expect(summaries.map { Instant.start.milliseconds(until: $0.since) } == [0, 0, 70_000, 70_000])
        #expect(summaries.map(\.openUntil) == [Instant.start.advanced(byMilliseconds: 60_000), nil, nil, nil])
        #expect(summaries.map(\.override) == [nil, forced, nil, nil])
        #expect(summaries.map(\.policyRevision) == [7, 7, 7, 11])
        #expect(summaries.last == bench.breaker.summary)
    }

    @Test("A breaker's failures are numbered without a gap, also across a reset and an override")
    func failures() throws {
        var bench = Bench()
        bench.play("fsf")
        try bench.reset()
        bench.play("f")
        bench.setOverride(.forceClosed)
        bench.report(.failure, count: 9)
        #expect(bench.failures.map(\.number) == [1, 2, 3, 4])
        #expect(bench.breaker.failureRows == 4)
    }
}
