import CoreSupport
import Testing

@testable import BreakerCore

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

@Suite("The pool of policies")
struct PolicyPoolTests {
    @Test("Breakers of equal policies share one instance, and a policy change of one does not affect the others")
    func shares() {
        var benches = [Bench(), Bench(), Bench { $0.failureThreshold = 7 }]
        var pool = PolicyPool()
        for index in benches.indices { pool.share(&benches[index].breaker) }
        #expect(benches[0].breaker.sharedPolicy === benches[1].breaker.sharedPolicy)
        #expect(benches[2].breaker.policy.failureThreshold == 7)
        benches[0].changePolicy { $0.failureThreshold = 9 }
        #expect(benches.map(\.breaker.policy.failureThreshold) == [9, 5, 7])
    }

    @Test("A policy beyond the pool's capacity is not shared")
    func isBounded() {
        var pool = PolicyPool()
        for threshold in 1...1_024 {
            var bench = Bench { $0.failureThreshold = threshold }
            pool.share(&bench.breaker)
        }
        var last = [2_000, 2_000, 1_024, 1_024].map { threshold in Bench { $0.failureThreshold = threshold } }
        for index in last.indices { pool.share(&last[index].breaker) }
        #expect(last[0].breaker.sharedPolicy !== last[1].breaker.sharedPolicy)
        #expect(last[0].breaker.policy == last[1].breaker.policy)
        #expect(last[2].breaker.sharedPolicy === last[3].breaker.sharedPolicy)
    }
}
