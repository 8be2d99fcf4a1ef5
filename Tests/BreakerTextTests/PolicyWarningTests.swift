import BreakerCore
import BreakerText
import Testing

@Suite("Warnings about a policy")
struct PolicyWarningTests {
    private static let policies: [(PolicyDocument, [String])] = [
        ([:], []),
        (["failure_rate_threshold": .decimal(0.5)], ["shadowed_rule failure_threshold failure_rate_threshold"]),
        (["failure_rate_threshold": .decimal(0.5), "failure_threshold": .integer(6)], []),
        (["failure_rate_threshold": .decimal(0.5), "failure_threshold": .null, "window_ms": .integer(30_000)], []),
        (
            ["failure_count_threshold": .integer(5)],
            ["shadowed_rule failure_threshold failure_count_threshold"]
        ),
        (["failure_count_threshold": .integer(6)], []),
        (
            [
                "failure_threshold": .null, "failure_rate_threshold": .decimal(0.5),
                "failure_count_threshold": .integer(5),
            ],
            ["shadowed_rule failure_count_threshold failure_rate_threshold"]
        ),
        (
            [
                "failure_threshold": .null, "failure_rate_threshold": .decimal(0.5),
                "failure_count_threshold": .integer(6),
            ],
            []
        ),
        (["slow_call_ms": .integer(500)], ["unused_field slow_call_ms"]),
        (["slow_call_ms": .integer(500), "slow_call_rate_threshold": .decimal(0.5)], []),
        (["minimum_calls": .integer(20)], ["unused_field minimum_calls"]),
        (["window_ms": .integer(30_000)], ["unused_field window_ms"]),
        (["window_calls": .integer(50)], ["unused_field window_calls"]),
        (["recovery_timeout_max_ms": .integer(90_000)], ["unused_field recovery_timeout_max_ms"]),
        (["recovery_timeout_max_ms": .integer(90_000), "recovery_timeout_multiplier": .integer(2)], []),
        (
            ["recovery_timeout_max_ms": .integer(60_000), "recovery_timeout_multiplier": .integer(2)],
            ["unused_field recovery_timeout_multiplier"]
        ),
        (
            ["failure_threshold": .null, "window_calls": .integer(50)],
            ["no_rule failure_threshold failure_count_threshold failure_rate_threshold slow_call_rate_threshold"]
        ),
        (["half_open_probes": .integer(2)], ["surplus_probes half_open_probes success_threshold"]),
        (["half_open_probes": .integer(2), "success_threshold": .integer(2)], []),
    ]

    @Test(
        "A policy has a warning for each rule that another shadows and for each field without effect",
        arguments: policies
    )
    func warnings(document: PolicyDocument, expected: [String]) throws {
        let warnings = try Policy().applying(document).warnings
        let found = warnings.map { warning in
            ([warning.code.rawValue] + warning.fields.map(\.rawValue)).joined(separator: " ")
        }
        #expect(found == expected)
        for warning in warnings { #expect(!warning.detail.isEmpty) }
    }

    @Test("No preset has a warning", arguments: Preset.allCases)
    func presets(preset: Preset) {
        #expect(preset.policy.warnings == [])
    }
}
