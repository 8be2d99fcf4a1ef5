import BreakerCore
import Testing

@Suite("A preset")
struct PresetTests {
    static let differences: [(preset: Preset, fields: PolicyDocument)] = [
        (.default, [:]),
        (.flaky, ["recovery_timeout_ms": .integer(30_000)]),
        (.slow, ["recovery_timeout_ms": .integer(120_000)]),
        (.rate, ["failure_threshold": .null, "failure_rate_threshold": .decimal(0.5)]),
    ]

    @Test("is the default policy but for its own fields", arguments: differences)
    func fields(preset: Preset, fields: PolicyDocument) throws {
        #expect(preset.policy == (try Policy().applying(fields)))
        #expect(try preset.policy.applying([:]) == preset.policy, "it is valid")
    }

    @Test("rate is half of at least 10 calls in a minute")
    func rate() {
        #expect(Preset.rate.policy.minimumCalls == 10)
        #expect(Preset.rate.policy.window == .time(ms: 60_000))
    }

    @Test("has a name")
    func names() {
        #expect(Preset.allCases.map(\.rawValue) == ["default", "flaky", "slow", "rate"])
    }

    @Test(
        "A policy's source survives being written and parsed",
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

    @Test("What names no source is none", arguments: ["", "Default", "profile", "built_in", "apis"])
    func noSource(text: String) {
        #expect(PolicySource(text) == nil)
    }
}
