import BreakerCore
import CoreSupport
import Testing

@Suite("A closed breaker")
struct ClosedTests {
    @Test("A closed breaker allows every acquire with a permit of its generation, and changes nothing")
    func acquire() {
        var bench = Bench()
        bench.play("ff")
        let before = bench.breaker
        bench.wait(1_000_000)
        #expect(bench.acquire() == .allowed(Permit(generation: 7), state: .closed))
        #expect(bench.breaker == before)
        #expect(bench.journal.revision == 7)
    }

    @Test(
        "A closed breaker counts each success and failure in its streak and its window",
        arguments: [
            ("", 0, Counts()),
            ("s", 0, Counts(calls: 1)),
            ("f", 1, Counts(calls: 1, failures: 1)),
            ("S", 0, Counts(calls: 1, slow: 1)),
            ("F", 1, Counts(calls: 1, failures: 1, slow: 1)),
            ("i", 0, Counts()),
            ("ff", 2, Counts(calls: 2, failures: 2)),
            ("ffi", 2, Counts(calls: 2, failures: 2)),
            ("ffs", 0, Counts(calls: 3, failures: 2)),
            ("ffS", 0, Counts(calls: 3, failures: 2, slow: 1)),
            ("fsfF", 2, Counts(calls: 4, failures: 3, slow: 1)),
        ]
    )
    func counting(calls: String, streak: Int, counts: Counts) {
        var bench = Bench { $0.slowCallMs = Int64(Bench.slowMs) }
        bench.play(calls)
        #expect(Int(bench.breaker.consecutiveFailures) == streak)
        #expect(bench.counts == counts)
    }

    @Test(
        "A call that takes slow_call_ms or longer is slow, whether it succeeds or fails",
        arguments: [Outcome.success, .failure],
        [(nil, 0), (0, 0), (249, 0), (250, 1), (251, 1)]
    )
    func slow(outcome: Outcome, call: (durationMs: Int?, slow: UInt32)) {
        var bench = Bench { $0.slowCallMs = 250 }
        bench.report(outcome, durationMs: call.durationMs)
        #expect(bench.counts.slow == call.slow)
        #expect(bench.counts.calls == 1)
    }

    @Test("No call is slow if slow_call_ms is not set")
    func noSlowCallMs() {
        var bench = Bench()
        bench.report(.success, durationMs: 86_400_000)
        #expect(bench.counts == Counts(calls: 1))
    }

    @Test(
        "A closed breaker applies a report an hour after the acquire, with its permit or without one",
        arguments: [nil, Permit(generation: 7)],
        Outcome.allCases
    )
    func applied(permit: Permit?, outcome: Outcome) {
        var bench = Bench()
        bench.wait(3_600_000)
        let answer = bench.report(outcome, permit: permit)
        #expect(answer == ReportAnswer(counted: 1, refusal: nil, state: .closed, generation: 7))
        #expect(answer.applied)
        #expect(bench.journal.revision == 7)
    }

    @Test("A closed breaker makes a row of each failure, and of no other outcome", arguments: [("sSi", 0), ("fsF", 2)])
    func rows(calls: String, rows: Int) {
        var bench = Bench { $0.slowCallMs = Int64(Bench.slowMs) }
        bench.play(calls)
        #expect(bench.failures.map(\.number) == (1...).prefix(rows).map { Int64($0) })
        #expect(bench.breaker.failureRows == Int64(rows))
        #expect(bench.breaker.lastFailure == bench.failures.last)
    }

    @Test("A failure row has every field of its report and its instant, with the detail cut at 512 bytes")
    func row() {
        var bench = Bench()
        bench.wait(42)
        let detail = String(repeating: "x", count: 513)
        bench.report(
            Report(.failure, durationMs: 1_500, kind: "timeout", detail: detail, reporter: "checkout-7", count: 2)
        )
        let expected = Failure(
            number: 1,
            at: bench.now,
            kind: "timeout",
            detail: String(repeating: "x", count: 512),
            reporter: "checkout-7",
            durationMs: 1_500,
            count: 2
        )
        #expect(bench.failures == [expected])
        #expect(bench.journal.failures.first?.breakerID == 7)
    }
}
