import BreakerCore
import BreakerText
import CoreSupport
import Testing

@Suite("The detail of a transition")
struct TransitionDetailTests {
    typealias Steps = @Sendable (inout Bench) -> Void

    static let failure = Report(.failure, kind: "timeout", reporter: "checkout-7")

    @Test(
        "The detail of a trip by failure_threshold has the number of consecutive failures and the last failure",
        arguments: [
            (5, failure, "5 consecutive failures; the last: timeout from checkout-7"),
            (1, failure, "1 consecutive failure; the last: timeout from checkout-7"),
            (2, Report(.failure, kind: "http_503"), "2 consecutive failures; the last: http_503"),
            (2, Report(.failure, reporter: "cart-1"), "2 consecutive failures; the last: a failure from cart-1"),
            (2, Report(.failure), "2 consecutive failures; the last: a failure"),
        ]
    )
    func streak(threshold: Int, report: Report, detail: String) {
        var bench = Bench { $0.failureThreshold = threshold }
        for _ in 1...threshold { bench.report(report) }
        #expect(bench.transitions.last?.detail == detail)
    }

    @Test(
        "The detail of a trip by failure_count_threshold has the number of failures, the window and the last failure",
        arguments: [
            (3, .time(ms: 60_000), "3 failures in the last 1 min; the last: timeout from checkout-7"),
            (1, .time(ms: 1_500), "1 failure in the last 1.5 s; the last: timeout from checkout-7"),
            (3, .calls(20), "3 failures in the last 20 calls; the last: timeout from checkout-7"),
            (1, .calls(1), "1 failure in the last call; the last: timeout from checkout-7"),
        ] as [(Int, Policy.Window, String)]
    )
    func count(threshold: Int, window: Policy.Window, detail: String) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureCountThreshold = threshold
            $0.window = window
        }
        for _ in 1...threshold { bench.report(Self.failure) }
        #expect(bench.transitions.last?.detail == detail)
    }

    @Test(
        "The detail of a trip by failure_rate_threshold has the rate and the last failure, even if a success trips",
        arguments: [
            (3, 0.5, "2 of 3 calls failed in the last 10 calls (67 %); the last: timeout from checkout-7"),
            (4, 0.5, "2 of 4 calls failed in the last 10 calls (50 %); the last: timeout from checkout-7"),
        ]
    )
    func rate(calls: Int, rate: Double, detail: String) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureRateThreshold = rate
            $0.minimumCalls = calls
            $0.window = .calls(10)
        }
        for _ in 1...2 { bench.report(Self.failure) }
        bench.report(.success, count: calls - 2)
        #expect(bench.transitions.last?.detail == detail)
    }

    @Test("The detail of a trip by slow_call_rate_threshold has the rate and slow_call_ms")
    func slowRate() {
        var bench = Bench {
            $0.slowCallRateThreshold = 0.5
            $0.slowCallMs = 2_500
            $0.minimumCalls = 4
        }
        bench.report(.success, durationMs: 2_499, count: 2)
        bench.report(.success, durationMs: 2_500, count: 2)
        #expect(bench.transitions.last?.detail == "2 of 4 calls took 2.5 s or longer in the last 1 min (50 %)")
    }

    static let others: [(steps: Steps, detail: String)] = [
        ({ $0.setOverride(.forceOpen, expiresInMs: 3_600_000) }, "forced open for 1 h by alice: drill"),
        ({ $0.setOverride(.forceClosed) }, "forced closed by alice: drill"),
        ({ $0.setOverride(.shadow, expiresInMs: 90_000) }, "put in shadow for 1.5 min by alice: drill"),
        (
            {
                $0.setOverride(.forceOpen); $0.clearOverride()
            }, "force_open of alice was cleared by bob"
        ),
        (
            {
                $0.setOverride(.shadow); $0.clearOverride()
            }, "shadow of alice was cleared by bob"
        ),
        (
            {
                $0.setOverride(.forceClosed, expiresInMs: 9); $0.wait(9); $0.advance()
            }, "force_closed of alice expired"
        ),
        ({ try! $0.reset() }, "reset to closed by carol"),
        ({ try! $0.reset(to: .halfOpen) }, "reset to half open by carol"),
        (
            {
                $0.trip(); $0.recover()
            }, "the recovery timeout of 1 min has passed"
        ),
        (
            {
                $0.trip(); $0.recover(); $0.probe(.success)
            }, "1 probe succeeded"
        ),
        (
            {
                $0.changePolicy { $0.successThreshold = 2 }
                $0.trip()
                $0.recover()
                $0.probe(.success)
                $0.probe(.success)
            }, "2 probes succeeded"
        ),
        (
            {
                $0.trip(); $0.recover(); $0.probe(.failure)
            }, "a probe failed"
        ),
        (
            {
                $0.trip()
                $0.recover()
                let permit = $0.acquire().probe
                $0.report(Report(.failure, permit: permit, kind: "timeout", reporter: "checkout-7"))
            }, "a probe failed: timeout from checkout-7"
        ),
        (
            {
                $0.changePolicy {
                    $0.slowCallRateThreshold = 1
                    $0.slowCallMs = 100
                }
                $0.trip()
                $0.recover()
                $0.probe(.success, durationMs: 100)
            }, "a probe failed: slow_call"
        ),
    ]

    @Test("The detail of any other transition names its cause", arguments: others)
    func other(steps: Steps, detail: String) {
        var bench = Bench()
        steps(&bench)
        #expect(bench.transitions.last?.detail == detail)
    }

    @Test("The detail is the description that an earlier version stored, if there is one")
    func sentence() {
        var evidence = Evidence()
        evidence.sentence = "5 failures"
        let transition = Transition(
            revision: 8,
            from: .closed,
            to: .open,
            cause: .failureThreshold,
            isTrip: true,
            evidence: evidence,
            actor: nil,
            at: .start
        )
        #expect(transition.detail == "5 failures")
    }
}
