import BreakerCore
import BreakerText
import CoreSupport
import Testing

@Suite("Advice for an unstable breaker")
struct AdviceTests {
    @Test("The explanation has advice after three openings, and none after two")
    func three() {
        var bench = Bench.open()
        bench.recover()
        bench.probe(.failure)
        #expect(bench.explanation.advice.isEmpty && !bench.explanation.isUnstable)
        bench.recover()
        bench.probe(.failure)
        #expect(bench.explanation.advice.count == 1 && bench.explanation.isUnstable)
        let end = """
            It opened 3 times within the last hour and is unstable: 2 probes failed, so probes come too early; double \
            the wait at each opening in a row (recovery_timeout_multiplier: 2 instead of 1).
            """
        #expect(bench.explanation.text.hasSuffix(end))
    }

    @Test(
        "If probes failed, the advice is a longer wait, by the field that the policy leaves room for",
        arguments: [
            (1.0, 60_000, 600_000, PolicyField.recoveryTimeoutMultiplier, PolicyValue.decimal(2)),
            (2.0, 60_000, 600_000, .recoveryTimeoutMs, .integer(120_000)),
            (2.0, 60_000, 90_000, .recoveryTimeoutMs, .integer(90_000)),
            (2.0, 60_000, 60_000, .recoveryTimeoutMaxMs, .integer(120_000)),
            (1.0, 60_000, 60_000, .recoveryTimeoutMaxMs, .integer(120_000)),
        ]
    )
    func longer(multiplier: Double, ms: Int, maxMs: Int, field: PolicyField, suggested: PolicyValue) {
        var bench = Bench {
            $0.recoveryTimeoutMultiplier = multiplier
            $0.recoveryTimeoutMs = Int64(ms)
            $0.givenRecoveryTimeoutMaxMs = Int64(maxMs)
        }
        bench.trip()
        for _ in 1...2 {
            bench.recover()
            bench.probe(.failure)
        }
        #expect(bench.explanation.advice.map(\.field) == [field])
        #expect(bench.explanation.advice.map(\.suggested) == [suggested])
    }

    @Test(
        "If the breaker trips again soon after it closes, the advice is a higher success_threshold",
        arguments: [(1, 3), (4, 9), (1_000, nil)]
    )
    func relapses(threshold: Int, suggested: Int?) {
        var bench = Bench.open {
            $0.successThreshold = threshold
            $0.recoveryTimeoutMs = 1_000
        }
        for _ in 1...2 {
            bench.recover()
            for _ in 0..<threshold { bench.probe(.success) }
            bench.trip()
        }
        let advice = bench.explanation.advice
        #expect(advice.map(\.suggested) == (suggested.map { [.integer(Int64($0))] } ?? []))
        #expect(advice.allSatisfy { $0.field == .successThreshold && $0.current == .integer(Int64(threshold)) })
    }
}
