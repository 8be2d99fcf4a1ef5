import BreakerCore
import CoreSupport
import Testing

@testable import BreakerText

@Suite("The explanation of a breaker")
struct ExplanationTests {
    private static let tripped =
        "payments:charge has been open since 22:13:20 UTC (48 s ago): 5 consecutive failures; the last: timeout from "
        + "checkout-7. The rule failure_threshold trips at 5."
    private static let probing =
        "It opened at 22:13:20 UTC (60 s ago): 5 consecutive failures; the last: timeout from checkout-7. The rule "
        + "failure_threshold trips at 5."

    private static func open() -> Bench {
        var bench = Bench()
        bench.time(out: 5)
        return bench
    }

    private static func halfOpen() -> Bench {
        var bench = open()
        bench.recover()
        return bench
    }

    @Test("The explanation of an open breaker has the cause and the end of the wait")
    func open() {
        var bench = Self.open()
        bench.wait(48_000)
        let end =
            "Calls are denied until 22:14:20 UTC (in 12 s); then one probe is let through, and one success closes it."
        #expect(bench.explanation.text == "\(Self.tripped) \(end)")
        #expect(bench.explanation.rule == .init(rule: .failureThreshold, threshold: 5, observed: 5))
        #expect(bench.explanation.failures.map(\.number) == [5, 4, 3, 2, 1])
        #expect(bench.explanation.next.map(\.kind) == [.halfOpen])
        #expect(bench.explanation.next.first?.at == bench.breaker.openUntil)
        bench.setOverride(.shadow, expiresInMs: 600_000)
        #expect(
            bench.explanation.text == """
                \(Self.tripped) Calls would be denied until 22:14:20 UTC (in 12 s); then one probe is let through, and \
                one success closes it. alice put it in shadow at 22:14:08 UTC (0 s ago): drill. Calls that would be \
                denied are let through until 22:24:08 UTC (in 10 min); then its denials apply again.
                """
        )
        #expect(bench.explanation.next.map(\.kind) == [.halfOpen, .overrideEnds])
    }

    @Test("The explanation of a half-open breaker has the trip and the next steps, before and after it is stored")
    func halfOpen() {
        var bench = Self.open()
        bench.wait(60_000)
        let beginning = "payments:charge has been half open since 22:14:20 UTC (0 s ago): the recovery timeout"
        let end = "The next call is let through as a probe; one success closes it, and a failure opens it again."
        #expect(bench.explanation.text == "\(beginning) has passed. \(Self.probing) \(end)")
        bench.advance()
        #expect(bench.explanation.text == "\(beginning) of 1 min has passed. \(Self.probing) \(end)")
        bench.acquire()
        let busy = """
            With one probe in flight, other calls are denied until it is reported, or its lease ends at 22:14:50 UTC \
            (in 30 s); one success closes it, and a failure opens it again.
            """
        #expect(bench.explanation.text == "\(beginning) of 1 min has passed. \(Self.probing) \(busy)")
        #expect(bench.explanation.next.map(\.kind) == [.leaseEnds, .close, .trip])
        #expect(bench.explanation.failures.count == 5)
    }

    @Test(
        "The explanation of a closed breaker has the rule that is nearest to a trip",
        arguments: [
            (0, "Nothing counts towards a trip."),
            (4, "Nearest to a trip is failure_threshold: 4 consecutive failures; it trips at 5."),
        ]
    )
    func closed(failures: Int, nearness: String) {
        var bench = Bench()
        bench.time(out: failures)
        let beginning = "payments:charge has been closed since 22:13:20 UTC (0 s ago) and has never tripped."
        #expect(bench.explanation.text == "\(beginning) All calls are let through. \(nearness)")
        #expect(bench.explanation.failures.count == failures)
        #expect(bench.explanation.rule?.observed == Double(failures))
        #expect(bench.explanation.next.map(\.kind) == [.trip])
    }

    @Test("The explanation of a breaker that closed again has its last trip, but not the failures before it")
    func closedAgain() {
        var bench = Self.halfOpen()
        bench.probe(.success)
        #expect(
            bench.explanation.text == """
                payments:charge has been closed since 22:14:20 UTC (0 s ago): 1 probe succeeded. It last tripped at 22:13:20 \
                UTC (60 s ago): 5 consecutive failures; the last: timeout from checkout-7. All calls are let through. \
                Nothing counts towards a trip.
                """
        )
        #expect(bench.explanation.failures.isEmpty)
    }

    @Test("The explanation of a rate rule has the share of the calls")
    func rate() {
        var bench = Bench { $0 = Preset.rate.policy }
        bench.play("ffsss")
        let closed =
            "Nearest to a trip is failure_rate_threshold: 40 % of 5 calls failed; it trips at 50 % of at least 10 calls."
        #expect(bench.explanation.text.hasSuffix(closed))
        bench.play("sffff")
        #expect(bench.explanation.rule == .init(rule: .failureRateThreshold, threshold: 0.5, observed: 0.6))
        #expect(bench.explanation.text.contains("The rule failure_rate_threshold trips at 50 % of at least 10 calls."))
    }

    static let causes: [(steps: Steps, failures: [Int64])] = [
        (
            {
                $0.play("ffs")
                $0.time(out: 5)
            }, [7, 6, 5, 4, 3]
        ),
        (
            {
                $0.changePolicy {
                    $0.failureThreshold = nil
                    $0.failureCountThreshold = 3
                    $0.window = .time(ms: 10_000)
                }
                $0.time(out: 2)
                $0.wait(20_000)
                $0.time(out: 3)
            }, [5, 4, 3]
        ),
        (
            {
                $0.time(out: 5)
                $0.recover()
                $0.probe(.failure)
            }, [6]
        ),
    ]

    @Test("The explanation lists only the failures that the cause of the trip counted", arguments: causes)
    func countedFailures(steps: Steps, failures: [Int64]) {
        var bench = Bench()
        steps(&bench)
        #expect(bench.breaker.state == .open)
        #expect(bench.explanation.failures.map(\.number) == failures)
    }

    @Test("The explanation lists no failure after a trip by the rule of slow calls")
    func slowCalls() {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.slowCallRateThreshold = 0.5
            $0.slowCallMs = 1_000
            $0.minimumCalls = 4
        }
        bench.time(out: 2)
        for _ in 1...2 { bench.report(Report(.success, durationMs: 2_000)) }
        #expect(bench.transitions.last?.cause == .slowCallRateThreshold)
        #expect(bench.explanation.failures.isEmpty)
    }

    @Test("The explanation says that only an operator opens a breaker without an enabled rule")
    func noRule() {
        let bench = Bench { $0.failureThreshold = nil }
        #expect(bench.explanation.text.hasSuffix("No rule is on: only an operator opens it."))
        #expect(bench.explanation.rule == nil && bench.explanation.next.isEmpty)
    }

    @Test(
        "The explanation of a forced breaker has the override's actor, reason, expiry and what follows",
        arguments: State.allCases
    )
    func forced(state: State) {
        var bench = Bench.in(state)
        bench.setOverride(.forceOpen)
        let now = Phrase.past(bench.now, at: bench.now)
        #expect(
            bench.explanation.text == """
                payments:charge has been forced open since \(now), by alice: drill. Every call is denied, and no report is \
                applied, until an operator clears it; then it resumes half open, so that one probe decides.
                """
        )
        #expect(bench.explanation.rule == nil && bench.explanation.failures.isEmpty)
        #expect(bench.explanation.next.map(\.at) == [nil])
        bench.setOverride(.forceClosed, expiresInMs: 10_000)
        bench.time(out: 2)
        #expect(
            bench.explanation.text == """
                payments:charge has been forced closed since \(now), by alice: drill. Every call is let through, reports \
                count, and nothing trips, until \(Phrase.future(bench.now.advanced(byMilliseconds: 10_000), at: bench.now)); \
                then it resumes closed, with nothing counted. Nearest to a trip is failure_threshold: 2 consecutive \
                failures; it would trip at 5.
                """
        )
        bench.wait(10_000)
        #expect(bench.explanation.text.contains(": its override has expired."))
        bench.advance()
        #expect(bench.explanation.text.contains(": force_closed of alice expired."))
    }

    @Test("After a change of the policy, the explanation has the threshold at which the breaker tripped")
    func changedPolicy() {
        var bench = Self.open()
        bench.changePolicy { $0.failureThreshold = 10 }
        #expect(bench.explanation.text.contains(" The rule failure_threshold tripped at 5. "))
        #expect(bench.explanation.rule == .init(rule: .failureThreshold, threshold: 5, observed: 5))
    }

    typealias Steps = @Sendable (inout Bench) -> Void

    static let samples: [(steps: Steps, text: String)] = [
        (
            {
                $0.changePolicy { ($0.halfOpenProbes, $0.successThreshold) = (3, 5) }
                $0.time(out: 5)
            }, "then 3 probes at a time are let through, and 5 successes close it."
        ),
        (
            {
                $0.changePolicy { ($0.halfOpenProbes, $0.successThreshold) = (2, 3) }
                $0.time(out: 5)
                $0.recover()
                $0.probe(.success)
                $0.acquire()
                $0.acquire()
            },
            """
            With 2 probes in flight, other calls are denied until one is reported, or the first lease ends at 22:14:50 \
            UTC (in 30 s); 2 more successes close it, and a failure opens it again.
            """
        ),
        (
            {
                $0.setOverride(.shadow)
                $0.wait(1_000)
                $0.clearOverride()
            }, "payments:charge has been closed since 22:13:20 UTC (1 s ago) and has never tripped."
        ),
        (
            {
                $0.time(out: 5)
                $0.recover()
                $0.probe(.failure)
            }, "payments:charge has been open since 22:14:20 UTC (0 s ago): a probe failed. Calls are denied until"
        ),
    ]

    @Test("The explanation counts probes and successes, and ignores an override that ended", arguments: samples)
    func sample(steps: Steps, text: String) {
        var bench = Bench()
        steps(&bench)
        #expect(bench.explanation.text.contains(text))
    }

    @Test(
        "After a reset the explanation does not name an earlier trip as the cause",
        arguments: [Breaker.ResetTarget.halfOpen, .closed]
    )
    func reset(target: Breaker.ResetTarget) throws {
        var bench = Self.open()
        try bench.reset(to: target)
        #expect(bench.explanation.text.contains(": reset to \(target == .closed ? "closed" : "half open") by carol."))
        #expect(bench.explanation.rule?.observed ?? 0 == 0)
        #expect(!bench.explanation.text.contains("It opened"))
    }

    @Test("The explanation of a breaker that opened again says since when it has not been closed")
    func openedAgain() {
        var bench = Self.halfOpen()
        let sentence = "It has not been closed since 22:13:20 UTC (60 s ago)."
        #expect(!bench.explanation.text.contains(sentence))
        bench.probe(.failure)
        #expect(bench.explanation.text.contains(sentence))
        #expect(bench.explanation.notClosedSince == .start)
        bench.recover()
        bench.probe(.success)
        #expect(!bench.explanation.text.contains("has not been closed"))
        #expect(bench.explanation.notClosedSince == nil)
    }

    @Test("After force_open is cleared, the explanation has the last trip and since when the breaker is not closed")
    func forcedAndCleared() {
        var bench = Self.open()
        bench.setOverride(.forceOpen)
        bench.clearOverride()
        #expect(
            bench.explanation.text.contains(
                """
                It last tripped at 22:13:20 UTC (0 s ago): 5 consecutive failures; the last: timeout from checkout-7. \
                It has not been closed since 22:13:20 UTC (0 s ago).
                """
            )
        )
    }

    @Test("An instant on another day is written with its date")
    func otherDay() {
        var bench = Bench()
        bench.wait(86_400_000)
        let beginning = "payments:charge has been closed since 2023-11-14 22:13:20 UTC (24 h ago)"
        #expect(bench.explanation.text.hasPrefix(beginning))
    }
}

extension Bench {
    /// Reports `count` timeouts of one worker.
    mutating func time(out count: Int) {
        for _ in 0..<count { report(Report(.failure, kind: "timeout", reporter: "checkout-7")) }
    }

    var explanation: Explanation {
        Explanation(
            of: breaker.preview(at: now),
            at: now,
            transitions: transitions.reversed(),
            failures: failures.reversed()
        )
    }
}
