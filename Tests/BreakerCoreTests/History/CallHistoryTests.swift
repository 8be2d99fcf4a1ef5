import BreakerCore
import CoreSupport
import Testing

@Suite("The call history in steps of time")
struct CallHistoryTests {
    private static func instant(_ minute: Int64, _ ms: Int64 = 0) -> Instant {
        Instant(milliseconds: minute * 60_000 + ms)
    }

    @Test(
        "The steps cover the whole time from the first instant to the last",
        arguments: [
            (instant(10), instant(11), 1, 10, 1), (instant(10), instant(11, 1), 1, 10, 2),
            (instant(10, 59_999), instant(11), 1, 10, 1), (instant(11), instant(14), 5, 10, 1),
            (instant(9), instant(15), 5, 5, 2), (instant(9), instant(15, 1), 5, 5, 3),
            (instant(-1), instant(1), 5, -5, 2),
        ] as [(Instant, Instant, Int64, Int64, Int)]
    )
    func steps(from: Instant, to: Instant, length: Int64, first: Int64, count: Int) {
        let steps = CallHistory.Steps(from: from, to: to, length: length)
        #expect(steps.first == Minute(first))
        #expect(steps.count == count)
        #expect(steps.end == Minute(first + Int64(count) * length))
        #expect(steps.start(of: 0) == Self.instant(first))
    }

    @Test("The last of a given number of steps contains the given instant", arguments: [0, 1, 119_999])
    func ending(ms: Int64) {
        let steps = CallHistory.Steps(endingAt: Self.instant(60, ms), length: 2, count: 30)
        #expect(steps.count == 30)
        #expect(steps.first == Minute(2))
    }

    @Test(
        "Calls outside the steps are counted in none of them",
        arguments: [(9, [0, 0]), (10, [1, 0]), (19, [0, 1]), (20, [0, 0])] as [(Int64, [Int64])]
    )
    func outside(minute: Int64, failures: [Int64]) {
        var history = CallHistory(.init(from: Self.instant(10), to: Self.instant(20), length: 5))
        var tally = CallTally()
        tally.failures = 1
        history.add(tally, at: Minute(minute))
        #expect(history.tallies.map(\.failures) == failures)
    }

    @Test(
        "A slow call counts as slow besides its outcome, unless it is ignored",
        arguments: [(Outcome.success, [3, 0, 3, 0]), (.failure, [0, 3, 3, 0]), (.ignored, [0, 0, 0, 3])]
    )
    func slow(outcome: Outcome, counts: [Int64]) {
        var tally = CallTally()
        tally.add(outcome, count: 3, isSlow: true)
        #expect([tally.successes, tally.failures, tally.slow, tally.ignored] == counts)
    }
}
