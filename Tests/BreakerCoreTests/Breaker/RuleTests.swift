import BreakerCore
import CoreSupport
import Testing

@Suite("The rules that trip a breaker")
struct RuleTests {
    @Test("failure_threshold trips at that many consecutive failures", arguments: [1, 2, 5, 10_000])
    func consecutive(threshold: Int) {
        var bench = Bench { $0.failureThreshold = threshold }
        if threshold > 1 { bench.report(.failure, count: threshold - 1) }
        #expect(bench.breaker.state == .closed)
        bench.report(.failure)
        #expect(bench.breaker.state == .open)
        #expect(bench.transitions.last?.cause == .failureThreshold)
    }

    @Test(
        "A success, even a slow one, ends the streak that failure_threshold counts; an ignored call does not",
        arguments: [
            ("ff", nil), ("fff", 3), ("ffff", 3), ("ffsff", nil), ("ffsfff", 6), ("ffSff", nil), ("ffiif", 5),
            ("fiFif", 5),
        ]
    )
    func streak(calls: String, tripsAt: Int?) {
        var bench = Bench {
            $0.failureThreshold = 3
            $0.slowCallMs = Int64(Bench.slowMs)
        }
        #expect(bench.play(calls) == tripsAt)
    }

    @Test(
        "failure_count_threshold trips at that many failures in the window",
        arguments: [("fsfs", nil), ("fsfsf", 5), ("fff", 3), ("ffiii", nil), ("fSFsF", 5)]
    )
    func count(calls: String, tripsAt: Int?) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureCountThreshold = 3
        }
        #expect(bench.play(calls) == tripsAt)
        if tripsAt != nil { #expect(bench.transitions.last?.cause == .failureCountThreshold) }
    }

    @Test(
        "failure_rate_threshold trips from minimum_calls on, even if the last call is a success",
        arguments: [
            ("fff", nil), ("ffff", 4), ("ffs", nil), ("ffss", 4), ("sffs", 4), ("fsss", nil), ("fssss", nil),
            ("fsssf", nil), ("fsssff", 6), ("fffi", nil), ("fffiis", 6),
        ]
    )
    func failureRate(calls: String, tripsAt: Int?) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureRateThreshold = 0.5
            $0.minimumCalls = 4
        }
        #expect(bench.play(calls) == tripsAt)
        if tripsAt != nil { #expect(bench.transitions.last?.cause == .failureRateThreshold) }
    }

    @Test(
        "slow_call_rate_threshold counts slow failures and slow successes alike",
        arguments: [
            ("SSS", nil), ("SSSS", 4), ("SSss", 4), ("FFff", 4), ("FSfs", 4), ("Ssss", nil), ("SsssS", nil),
            ("SsssSS", 6), ("ssss", nil), ("ffff", nil),
        ]
    )
    func slowRate(calls: String, tripsAt: Int?) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.slowCallRateThreshold = 0.5
            $0.slowCallMs = Int64(Bench.slowMs)
            $0.minimumCalls = 4
        }
        #expect(bench.play(calls) == tripsAt)
        if tripsAt != nil { #expect(bench.transitions.last?.cause == .slowCallRateThreshold) }
    }

    @Test("A rate rule trips when the rate equals its threshold exactly, at every tenth", arguments: 1...9)
    func exactRate(tenths: Int) {
        let exactly = String(repeating: "f", count: tenths) + String(repeating: "s", count: 10 - tenths)
        for (calls, trips) in [(exactly, true), ("s" + exactly.dropFirst(), false)] {
            var bench = Bench {
                $0.failureThreshold = nil
                $0.failureRateThreshold = Double("0.\(tenths)")
            }
            #expect((bench.play(calls) == 10) == trips, "\(calls)")
        }
    }

    @Test(
        "A failure_rate_threshold of 1 trips only if every call failed",
        arguments: [("ffs", nil), ("fff", 3), ("sff", nil)]
    )
    func fullRate(calls: String, tripsAt: Int?) {
        var bench = Bench {
            $0.failureThreshold = nil
            $0.failureRateThreshold = 1
            $0.minimumCalls = 3
        }
        #expect(bench.play(calls) == tripsAt)
    }

    @Test("A breaker without an enabled rule never trips")
    func none() {
        var bench = Bench { $0.failureThreshold = nil }
        bench.report(.failure, durationMs: 86_400_000, count: 10_000)
        #expect(bench.breaker.state == .closed)
        #expect(bench.breaker.consecutiveFailures == 10_000)
    }

    static let order: [Cause] = [
        .failureThreshold, .failureCountThreshold, .failureRateThreshold, .slowCallRateThreshold,
    ]

    @Test(
        "If several rules hold at one call, the cause is the first of them in the order of the policy",
        arguments: 1..<16
    )
    func firstRule(subset: Int) {
        let on = Self.order.enumerated().filter { subset & (1 << $0.offset) != 0 }.map(\.element)
        var bench = Bench {
            $0.failureThreshold = on.contains(.failureThreshold) ? 2 : nil
            $0.failureCountThreshold = on.contains(.failureCountThreshold) ? 2 : nil
            $0.failureRateThreshold = on.contains(.failureRateThreshold) ? 1 : nil
            $0.slowCallRateThreshold = on.contains(.slowCallRateThreshold) ? 1 : nil
            $0.slowCallMs = Int64(Bench.slowMs)
            $0.minimumCalls = 2
        }
        #expect(bench.play("FF") == 2)
        #expect(bench.transitions.last?.cause == on.first)
        #expect(bench.transitions.count == 1)
    }

    @Test("A trip goes from closed to open, has the instant of its report and begins a generation")
    func transition() {
        let bench = Bench.open()
        let trip = bench.transitions.last
        #expect(trip?.revision == 8)
        #expect(trip?.from == .closed)
        #expect(trip?.to == .open)
        #expect(trip?.actor == nil)
        #expect(trip?.at == bench.now)
        #expect(bench.breaker.lastTransition == trip)
        #expect(bench.breaker.generation == 8)
        #expect(bench.breaker.since == bench.now)
    }
}
