import BreakerCore
import CoreSupport
import Testing

@Suite("The window of a closed breaker")
struct WindowTests {
    /// Whether a failure at the first instant is still in the window at the second. The number of a bucket is
    /// floor(elapsed × 60 / window_ms), and the newest 60 numbers count.
    static let boundaries: [(windowMs: Int64, failedAtMs: Int, askedAtMs: Int, counts: Bool)] = [
        (60_000, 0, 59_999, true), (60_000, 0, 60_000, false),
        (60_000, 999, 59_999, true), (60_000, 999, 60_000, false),
        (60_000, 1_000, 60_999, true), (60_000, 1_000, 61_000, false),
        (60_000, 119_999, 178_999, true), (60_000, 119_999, 179_000, false),
        (1_000, 16, 999, true), (1_000, 16, 1_000, false),
        (1_000, 17, 1_016, true), (1_000, 17, 1_017, false),
        (1_000, 33, 1_016, true), (1_000, 33, 1_017, false),
        (1_000, 34, 1_033, true), (1_000, 34, 1_034, false),
        (3_600_000, 0, 3_599_999, true), (3_600_000, 0, 3_600_000, false),
        (3_600_000, 59_999, 3_600_000, false), (3_600_000, 60_000, 3_659_999, true),
        (3_600_000, 60_000, 3_660_000, false),
    ]

    @Test("A time window drops a call once the call's bucket is not among the newest 60", arguments: boundaries)
    func buckets(windowMs: Int64, failedAtMs: Int, askedAtMs: Int, counts: Bool) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureCountThreshold = 2
            $0.window = .time(ms: windowMs)
        }
        bench.wait(failedAtMs)
        bench.report(.failure)
        bench.wait(askedAtMs - failedAtMs)
        #expect(bench.counts == (counts ? Counts(calls: 1, failures: 1) : .zero))
        bench.report(.failure)
        #expect(bench.breaker.state == (counts ? .open : .closed))
    }

    @Test("A time window counts its buckets from the generation's start", arguments: [(59_999, true), (60_000, false)])
    func origin(elapsedMs: Int, counts: Bool) throws {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureCountThreshold = 2
        }
        bench.wait(777)
        try bench.reset()
        bench.wait(500)
        bench.report(.failure)
        bench.wait(elapsedMs - 500)
        #expect(bench.counts.failures == (counts ? 1 : 0))
    }

    @Test("A streak of failures goes on after the window has dropped its failures")
    func streakOutlivesWindow() {
        var bench = Bench()
        bench.play("ffff")
        bench.wait(3_600_000)
        #expect(bench.counts == .zero)
        #expect(bench.play("f") == 1)
        #expect(bench.transitions.last?.cause == .failureThreshold)
    }

    @Test(
        "Only calls that the window still holds count for minimum_calls",
        arguments: [(59_999, true), (60_000, false)]
    )
    func minimumCalls(elapsedMs: Int, trips: Bool) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureRateThreshold = 0.5
            $0.minimumCalls = 3
        }
        bench.play("f")
        bench.wait(elapsedMs)
        bench.play("fs")
        #expect((bench.breaker.state == .open) == trips)
    }

    @Test(
        "A window of the last 3 calls holds just those, however much time passes",
        arguments: [
            ("f", Counts(calls: 1, failures: 1)),
            ("fF", Counts(calls: 2, failures: 2, slow: 1)),
            ("fFs", Counts(calls: 3, failures: 2, slow: 1)),
            ("fFsS", Counts(calls: 3, failures: 1, slow: 2)),
            ("fFsSs", Counts(calls: 3, slow: 1)),
            ("fFsSsfi", Counts(calls: 3, failures: 1, slow: 1)),
            ("fFsSsfsss", Counts(calls: 3)),
        ]
    )
    func lastCalls(calls: String, counts: Counts) {
        var bench = Bench {
            $0.slowCallMs = Int64(Bench.slowMs)
            $0.window = .calls(3)
        }
        bench.play(calls)
        #expect(bench.counts == counts)
        bench.wait(86_400_000)
        #expect(bench.counts == counts, "time takes no call out of a window of calls")
    }

    @Test(
        "failure_count_threshold counts only the failures in a window of the last 3 calls",
        arguments: [("ffsf", nil), ("ffsff", nil), ("ffsfff", 6), ("fff", 3)]
    )
    func countInLastCalls(calls: String, tripsAt: Int?) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureCountThreshold = 3
            $0.window = .calls(3)
        }
        #expect(bench.play(calls) == tripsAt)
    }

    @Test(
        "failure_rate_threshold applies to the calls in a window of the last 4 calls",
        arguments: [("ffs", nil), ("ffss", 4), ("fsssf", nil), ("fsssff", 6)]
    )
    func rateInLastCalls(calls: String, tripsAt: Int?) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureRateThreshold = 0.5
            $0.minimumCalls = 4
            $0.window = .calls(4)
        }
        #expect(bench.play(calls) == tripsAt)
    }

    @Test("A generation begins with an empty window and no streak", arguments: Breaker.ResetTarget.allCases)
    func beginsEmpty(target: Breaker.ResetTarget) throws {
        for window in [Policy.Window.time(ms: 60_000), .calls(10)] {
            var bench = Bench { $0.window = window }
            bench.play("sfff")
            try bench.reset(to: target)
            if target == .halfOpen { bench.probe(.success) }
            #expect(bench.breaker.state == .closed)
            #expect(bench.counts == .zero)
            #expect(bench.breaker.consecutiveFailures == 0)
            #expect(bench.play("ffff") == nil)
        }
    }
}
