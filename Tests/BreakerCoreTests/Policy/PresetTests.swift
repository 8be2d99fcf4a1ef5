import BreakerCore
import Testing

@Suite("Presets and policy sources")
struct PresetTests {
    static let differences: [(preset: Preset, fields: PolicyDocument)] = [
        (.default, [:]),
        (.flaky, ["recovery_timeout_ms": .integer(30_000)]),
        (.slow, ["recovery_timeout_ms": .integer(120_000)]),
        (.rate, ["failure_threshold": .null, "failure_rate_threshold": .decimal(0.5)]),
    ]

    @Test("A preset is the default policy with its own fields changed", arguments: differences)
    func fields(preset: Preset, fields: PolicyDocument) throws {
        #expect(preset.policy == (try Policy().applying(fields)))
        #expect(try preset.policy.applying([:]) == preset.policy, "it is valid")
    }

    @Test("The preset rate needs at least 10 calls in a window of a minute")
    func rate() {
        #expect(Preset.rate.policy.minimumCalls == 10)
        #expect(Preset.rate.policy.window == .time(ms: 60_000))
    }

    @Test("The presets are default, flaky, slow and rate")
    func names() {
        #expect(Preset.allCases.map(\.rawValue) == ["default", "flaky", "slow", "rate"])
    }

    @Test(
        "A policy source equals the one parsed from its text",
        arguments: [
            (PolicySource.builtIn, "default"), (.config, "config"), (.api, "api"),
            (.profile("payments:*"), "profile:payments:*"),
            (.profile("default"), "profile:default"), (.profile("*"), "profile:*"),
        ]
    )
    func source(source: PolicySource, text: String) {
        #expect(source.description == text)
        #expect(PolicySource(text) == source)
    }

    @Test(
        "A text that names no policy source does not parse",
        arguments: ["", "Default", "profile", "built_in", "apis"]
    )
    func noSource(text: String) {
        #expect(PolicySource(text) == nil)
    }
}
