import BreakerCore
import BreakerStorage
import Testing

extension StoreContract {
    static var policyClauses: [Clause] {
        [
            Clause("Every field of a policy loads as it was stored: at its bounds, off, or left to its default") {
                location in
                var scenario = Scenario()
                for preset in Preset.allCases {
                    let fields = PolicyField.allCases.map { ($0.rawValue, preset.policy.given($0)) }
                    scenario.create("preset-\(preset)", Dictionary(uniqueKeysWithValues: fields))
                }
                for (index, document) in unusualPolicies.enumerated() { scenario.create("policy-\(index)", document) }
                let store = try location.open()
                try scenario.write(to: store)
                store.close()
                #expect(try location.open().load() == scenario.panel)
            },
            Clause("A changed policy replaces the earlier one, with source, revision and actor") { location in
                var scenario = Scenario()
                scenario.create("payments", source: .profile("pay*"))
                let store = try location.open()
                try scenario.write(to: store)
                for (threshold, actor) in [(7, "ops" as String?), (9, nil), (5, "program")] {
                    scenario.change("payments") { breaker, now, journal in
                        var policy = breaker.policy
                        policy.failureThreshold = threshold
                        breaker.changePolicy(to: policy, source: .api, actor: actor, at: now, journal: &journal)
                    }
                    try scenario.write(to: store)
                    #expect(try store.load() == scenario.panel)
                    scenario.fail("payments")
                    try scenario.write(to: store)
                    #expect(try store.load() == scenario.panel)
                }
            },
        ]
    }

    private static var unusualPolicies: [PolicyDocument] {
        [
            ["failure_threshold": .null],
            ["failure_threshold": .integer(10_000), "failure_count_threshold": .integer(1_000_000)],
            ["failure_rate_threshold": .decimal(0.1), "minimum_calls": .integer(1)],
            ["failure_rate_threshold": .integer(1), "slow_call_rate_threshold": .decimal(1.0 / 3)]
                .merging(["slow_call_ms": .integer(3_600_000)]) { first, _ in first },
            ["slow_call_rate_threshold": .decimal(.leastNonzeroMagnitude), "slow_call_ms": .integer(1)],
            ["window_ms": .integer(1_000)], ["window_ms": .integer(3_600_000)],
            ["window_calls": .integer(1), "minimum_calls": .integer(1)], ["window_calls": .integer(1_000)],
            ["recovery_timeout_ms": .integer(100)], ["recovery_timeout_ms": .integer(86_400_000)],
            ["recovery_timeout_multiplier": .integer(10)], ["recovery_timeout_multiplier": .decimal(1.1)],
            ["recovery_timeout_max_ms": .integer(600_000)], ["recovery_timeout_max_ms": .integer(86_400_000)],
            [
                "half_open_probes": .integer(100), "success_threshold": .integer(1_000),
                "probe_lease_ms": .integer(300_000),
            ],
        ]
    }
}
