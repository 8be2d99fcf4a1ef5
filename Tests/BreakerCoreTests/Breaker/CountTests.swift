import BreakerCore
import CoreSupport
import Testing

@Suite("Reports with a count")
struct CountTests {
    @Test(
        "A report with a count of failures counts them up to the failure that trips",
        arguments: [(0, 4, 4), (0, 5, 5), (0, 6, 5), (0, 10_000, 5), (3, 1, 1), (3, 2, 2), (3, 3, 2), (4, 1, 1)]
    )
    func failures(before: Int, count: Int, counted: Int) {
        var bench = Bench()
        if before > 0 { bench.report(.failure, count: before) }
        let answer = bench.report(.failure, count: count)
        let trips = before + counted == 5
        let (state, generation) = trips ? (State.open, Int64(8)) : (.closed, 7)
        #expect(answer == ReportAnswer(counted: counted, refusal: nil, state: state, generation: generation))
        #expect(bench.failures.last?.count == counted, "one row, with as many as were applied")
        #expect(bench.failures.count == (before > 0 ? 2 : 1))
        if !trips {
            #expect(bench.counts == Counts(calls: UInt32(before + counted), failures: UInt32(before + counted)))
        }
    }

    @Test(
        "A report with a count of successes counts them up to the success that trips by reaching minimum_calls",
        arguments: [(1, 1), (2, 2), (3, 2), (99, 2)]
    )
    func successes(count: Int, counted: Int) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureRateThreshold = 0.5
            $0.minimumCalls = 4
        }
        bench.play("ff")
        #expect(bench.report(.success, count: count).counted == counted)
        #expect((bench.breaker.state == .open) == (count >= 2))
        #expect(bench.failures.count == 2, "successes make no rows")
    }

    /// Calls before the report, from none to more than the minimum, with few and many failures and slow calls.
    private static let histories = ["", "f", "s", "F", "fssf", "fFs", "ssssSSS", "sSsSsSfs", "ffsSsSssssss"]

    @Test(
        "A report with a count leads to the same state as that many single reports",
        arguments: [Policy.Window.time(ms: 60_000), .calls(4), .calls(9)],
        [Outcome.success, .failure, .ignored]
    )
    func sameAsSingle(window: Policy.Window, outcome: Outcome) {
        for (history, count, isSlow) in Self.histories.flatMap({ history in
            (1...24).flatMap { [(history, $0, false), (history, $0, true)] }
        }) {
            var together = Bench {
                $0.window = window
                $0.failureThreshold = 6
                $0.failureCountThreshold = 9
                $0.failureRateThreshold = 0.75
                $0.slowCallMs = Int64(Bench.slowMs)
                $0.slowCallRateThreshold = 0.65
                $0.minimumCalls = 7
            }
            together.play(history)
            var single = together
            let durationMs = isSlow ? Bench.slowMs : nil
            let answer = together.report(outcome, durationMs: durationMs, count: count)
            let answers = (1...count).map { _ in single.report(outcome, durationMs: durationMs) }
            let comment = Comment(rawValue: "\(history), then \(count), \(isSlow ? "slow" : "fast")")
            #expect(answer.counted == answers.count { $0.applied }, comment)
            #expect(answer.state == single.breaker.state, comment)
            #expect(together.breaker.phase == single.breaker.phase, comment)
            #expect(together.breaker.generation == single.breaker.generation, comment)
            #expect(together.breaker.lastTransition?.evidence == single.breaker.lastTransition?.evidence, comment)
            #expect(together.failures.reduce(0) { $0 + $1.count } == single.failures.count, comment)
        }
    }

    @Test("A report with a count of ignored calls is applied in full, and changes nothing")
    func ignored() {
        var bench = Bench()
        let before = bench.breaker
        let answer = bench.report(.ignored, count: 10_000)
        #expect(answer == ReportAnswer(counted: 10_000, refusal: nil, state: .closed, generation: 7))
        #expect(bench.breaker == before)
    }

    @Test("Under force_closed a report with a count is counted in full and does not trip")
    func forcedClosed() {
        var bench = Bench()
        bench.setOverride(.forceClosed)
        #expect(bench.report(.failure, count: 10_000).counted == 10_000)
        #expect(bench.breaker.consecutiveFailures == 10_000)
        #expect(bench.failures.map(\.count) == [10_000])
    }

    @Test("A report with a count is not counted at all while open or half open", arguments: [State.open, .halfOpen])
    func notApplied(state: State) {
        var bench = Bench.in(state)
        #expect(bench.report(.failure, count: 100).counted == 0)
    }

    @Test("A report with a count of 0 cannot be made")
    func tooSmall() async {
        await #expect(processExitsWith: .failure) { _ = Report(.failure, count: 0) }
    }

    @Test("A report with a count above 10000 cannot be made")
    func tooLarge() async {
        await #expect(processExitsWith: .failure) { _ = Report(.failure, count: 10_001) }
    }

    @Test("A report with a probe's permit cannot have a count above 1")
    func probe() async {
        await #expect(processExitsWith: .failure) {
            _ = Report(.failure, permit: Permit(generation: 9, lease: 1), count: 2)
        }
        _ = Report(.failure, permit: Permit(generation: 9, lease: 1), count: 1)
        _ = Report(.failure, permit: Permit(generation: 9), count: 10_000)
    }
}
