import BreakerCore
import CoreSupport
import Testing

@Suite("Reports with an age")
struct AgeTests {
    private static let minute = 60_000

    // MARK: Reports that are too old

    @Test(
        "A report is too old if its call ended before the generation began",
        arguments: [(10_000, nil), (10_001, .tooOld)] as [(Int64, ReportAnswer.Refusal?)]
    )
    func beforeGeneration(ageMs: Int64, refusal: ReportAnswer.Refusal?) {
        var bench = Bench()
        bench.wait(10_000)
        let answer = bench.report(.failure, ageMs: ageMs)
        #expect(answer.refusal == refusal)
        #expect(answer.counted == (refusal == nil ? 1 : 0))
        #expect(bench.failures.count == answer.counted)
        #expect(bench.counts.failures == UInt32(answer.counted))
    }

    @Test(
        "A report is too old if its call ended before a reset",
        arguments: [(1, nil), (2, .tooOld)] as [(Int64, ReportAnswer.Refusal?)]
    )
    func beforeReset(ageMs: Int64, refusal: ReportAnswer.Refusal?) throws {
        var bench = Bench()
        bench.wait(1_000)
        try bench.reset()
        bench.wait(1)
        #expect(bench.report(.failure, ageMs: ageMs).refusal == refusal)
    }

    @Test(
        "A report is too old if its bucket is not among the 60 that count",
        arguments: [(0, 59_000, nil), (0, 59_001, .tooOld), (999, 59_999, nil), (999, 60_000, .tooOld)]
            as [(Int, Int64, ReportAnswer.Refusal?)]
    )
    func beforeWindow(offsetMs: Int, ageMs: Int64, refusal: ReportAnswer.Refusal?) {
        var bench = Bench { $0.window = .time(ms: 60_000) }
        bench.wait(10 * Self.minute + offsetMs)
        #expect(bench.report(.failure, ageMs: ageMs).refusal == refusal)
        #expect(bench.counts.failures == (refusal == nil ? 1 : 0))
    }

    @Test("A window of the last calls sets no limit on the age of a report")
    func lastCallsHaveNoTime() {
        var bench = Bench { $0.window = .calls(10) }
        bench.wait(900_000)
        #expect(bench.report(.failure, ageMs: 900_000).refusal == nil)
        #expect(bench.failures.map(\.at) == [.start])
    }

    @Test(
        "A report with an age is too old for the breaker that it creates",
        arguments: [0, 1] as [Int64]
    )
    func newBreaker(ageMs: Int64) {
        var bench = Bench()
        #expect(bench.report(.failure, ageMs: ageMs).refusal == (ageMs == 0 ? nil : .tooOld))
    }

    // MARK: The window and the rules

    /// Policies that trip at the third failure.
    private static let policies: [@Sendable (inout Policy) -> Void] = [
        { $0.failureThreshold = 3 },
        { ($0.failureThreshold, $0.failureCountThreshold) = (nil, 3) },
        { ($0.failureThreshold, $0.failureRateThreshold, $0.minimumCalls) = (nil, 0.5, 3) },
    ]

    @Test(
        "A report evaluates the rules up to an age of 5 s, and an older one does not trip",
        arguments: [(4_999, true), (5_000, true), (5_001, false)] as [(Int64, Bool)],
        policies
    )
    func trips(age: (ms: Int64, trips: Bool), policy: @Sendable (inout Policy) -> Void) {
        let (ageMs, trips) = age
        var bench = Bench(policy)
        bench.wait(10_000)
        bench.play("ff")
        bench.wait(6_000)
        let answer = bench.report(.failure, ageMs: ageMs)
        #expect(answer.applied)
        #expect((bench.breaker.state == .open) == trips)
        if trips { #expect(bench.breaker.since == bench.now, "it opens when the report arrives") }
        #expect(bench.failures.last?.at == bench.now.advanced(byMilliseconds: -ageMs))
    }

    @Test("A report with a count of old failures is counted in full and does not trip")
    func oldCount() {
        var bench = Bench { ($0.failureThreshold, $0.failureCountThreshold) = (1, 1) }
        bench.wait(Self.minute)
        let answer = bench.report(.failure, durationMs: 5, ageMs: 5_001, count: 10_000)
        #expect(answer == ReportAnswer(counted: 10_000, refusal: nil, state: .closed, generation: 7))
        #expect(bench.counts == Counts(calls: 10_000, failures: 10_000))
        #expect(bench.breaker.consecutiveFailures == 0)
        #expect(bench.failures.map(\.count) == [10_000])
    }

    @Test("A report that is up to 5 s old is counted up to the failure that trips")
    func currentCount() {
        var bench = Bench { $0.failureThreshold = 3 }
        bench.wait(Self.minute)
        let answer = bench.report(.failure, ageMs: 5_000, count: 10)
        #expect(answer == ReportAnswer(counted: 3, refusal: nil, state: .open, generation: 8))
        #expect(bench.failures.map(\.count) == [3])
    }

    @Test(
        "A report older than 5 s changes neither the streak nor a window of the last calls",
        arguments: Outcome.allCases,
        [(5_000, true), (5_001, false)] as [(Int64, Bool)]
    )
    func old(outcome: Outcome, age: (ms: Int64, isCurrent: Bool)) {
        var bench = Bench { $0.window = .calls(10) }
        bench.wait(10_000)
        bench.report(.failure)
        bench.wait(5_001)
        let before = (bench.breaker.consecutiveFailures, bench.counts)
        #expect(bench.report(outcome, ageMs: age.ms).applied)
        let isUntouched = (bench.breaker.consecutiveFailures, bench.counts) == before
        #expect(isUntouched == (outcome == .ignored || !age.isCurrent))
    }

    @Test(
        "A report counts in the bucket of the instant at which its call ended",
        arguments: [(29_999, 1), (30_000, 0)]
    )
    func bucket(laterMs: Int, failures: UInt32) {
        var bench = Bench { $0.window = .time(ms: 60_000) }
        bench.wait(2 * Self.minute)
        bench.report(.success)
        bench.report(.failure, ageMs: 30_000)
        #expect(bench.counts == Counts(calls: 2, failures: 1))
        bench.wait(laterMs)
        #expect(bench.counts == Counts(calls: 1 + failures, failures: failures))
    }

    @Test("An old report of a slow call counts as slow")
    func slow() {
        var bench = Bench { $0.slowCallMs = 100 }
        bench.wait(Self.minute)
        bench.report(.success, durationMs: 100, ageMs: 6_000)
        #expect(bench.counts == Counts(calls: 1, slow: 1))
    }

    // MARK: The streak

    @Test(
        "A failure lengthens the streak unless a success that ended later is counted",
        arguments: [(999, 1), (1_000, 1), (1_001, 0)]
    )
    func lateFailure(ageMs: Int64, streak: UInt32) {
        var bench = Bench()
        bench.wait(10_000)
        bench.report(.success)
        bench.wait(1_000)
        bench.report(.failure, ageMs: ageMs)
        #expect(bench.breaker.consecutiveFailures == streak)
    }

    @Test(
        "A success ends the streak unless a failure that ended later is counted",
        arguments: [(999, 0), (1_000, 0), (1_001, 2)]
    )
    func lateSuccess(ageMs: Int64, streak: UInt32) {
        var bench = Bench()
        bench.wait(10_000)
        bench.play("ff")
        bench.wait(1_000)
        bench.report(.success, ageMs: ageMs)
        #expect(bench.breaker.consecutiveFailures == streak)
    }

    @Test("A streak follows the order in which calls ended, not the order in which reports arrive")
    func shuffled() {
        var bench = Bench { $0.failureThreshold = 4 }
        bench.wait(10_000)
        for (outcome, ageMs) in [(Outcome.failure, 10), (.success, 400), (.failure, 200), (.failure, 500)] {
            bench.report(outcome, ageMs: Int64(ageMs))
        }
        #expect(bench.breaker.consecutiveFailures == 2, "the last one ended before the success")
    }

    @Test(
        "A breaker keeps the order in which calls ended over a restart and a clock that is set back",
        arguments: [0, 3_600_000]
    )
    func survives(fallsBackMs: Int) throws {
        var bench = Bench()
        bench.wait(10_000)
        bench.play("ffs")
        bench.wait(1_000)
        bench.breaker = try #require(bench.breaker.reloaded)
        bench.wait(-fallsBackMs)
        bench.breaker.shift(byMilliseconds: -Int64(fallsBackMs))
        bench.report(.failure, ageMs: 1_001)
        #expect(bench.breaker.consecutiveFailures == 0)
        bench.report(.failure, ageMs: 1_000)
        #expect(bench.breaker.consecutiveFailures == 1)
    }

    @Test("Calls of an earlier generation do not affect the streak")
    func newGeneration() throws {
        var bench = Bench()
        bench.wait(10_000)
        bench.report(.success)
        try bench.reset()
        bench.report(.failure)
        #expect(bench.breaker.consecutiveFailures == 1)
    }

    // MARK: The failure log

    @Test("The last failure of a breaker is the one that ended last", arguments: [(1_999, 2), (2_000, 2), (2_001, 1)])
    func lastFailure(ageMs: Int64, number: Int64) {
        var bench = Bench()
        bench.wait(Self.minute)
        bench.report(.failure)
        bench.wait(2_000)
        bench.report(.failure, ageMs: ageMs)
        #expect(bench.failures.map(\.number) == [1, 2])
        #expect(bench.breaker.lastFailure?.number == number)
        bench.report(.failure, ageMs: 10_000)
        #expect(bench.breaker.lastFailure?.number == number)
        #expect(bench.failures.last?.at == bench.now.advanced(byMilliseconds: -10_000))
    }

    @Test("The evidence of a trip names the failure that ended last, not the one that arrived last")
    func evidence() {
        var bench = Bench { $0.failureThreshold = 2 }
        bench.wait(Self.minute)
        bench.report(Report(.failure, kind: "timeout", reporter: "checkout-7"))
        bench.report(Report(.failure, ageMs: 100, kind: "connection"))
        #expect(bench.transitions.last?.evidence.failureKind == "timeout")
        #expect(bench.transitions.last?.evidence.failureReporter == "checkout-7")
    }

    // MARK: Probes

    @Test(
        "A probe's report under a live lease is applied, whatever its age",
        arguments: [Outcome.success, .failure, .ignored],
        [0, 5_001, 900_000] as [Int64]
    )
    func probe(outcome: Outcome, ageMs: Int64) {
        var bench = Bench.halfOpen()
        let permit = bench.acquire().probe
        bench.wait(10)
        let answer = bench.report(outcome, permit: permit, ageMs: ageMs)
        #expect(answer.applied)
        let states: [Outcome: State] = [.success: .closed, .failure: .open, .ignored: .halfOpen]
        #expect(bench.breaker.state == states[outcome])
        guard outcome == .failure else { return }
        #expect(bench.breaker.since == bench.now)
        #expect(bench.failures.last?.at == bench.now.advanced(byMilliseconds: -ageMs))
        #expect(bench.breaker.lastFailure?.number == bench.breaker.failureRows)
    }
}
