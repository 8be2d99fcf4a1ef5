import BreakerCore
import EngineSupport
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("The start of an engine")
struct EngineOpeningTests {
    private func configuration(
        default: Policy = Policy(),
        profile: (String, Policy)? = nil,
        breakers: [BreakerName: Policy] = [:]
    ) throws -> Engine.Configuration {
        var configuration = Engine.Configuration()
        let profiles = try profile.map { [Profile(pattern: try #require(NamePattern($0.0)), policy: $0.1)] } ?? []
        configuration.book = PolicyBook(default: `default`, profiles: profiles, breakers: breakers)
        return configuration
    }

    @Test("The configuration applies at each start, except to a policy that an operator set")
    func appliesTheBook() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        try await RunningEngine.with(folder: folder, clock: clock) { running async throws in
            for name in ["search", "payments:a", "steered"] { _ = try await running.engine.acquire(name) }
            var policy = Policy()
            policy.failureThreshold = 9
            _ = try await running.engine.putPolicy(policy, of: try #require(BreakerName("steered")), actor: "alice")
        }
        var strict = Policy()
        strict.failureThreshold = 2
        let configuration = try configuration(
            default: Preset.slow.policy,
            profile: ("payments:*", strict),
            breakers: [try #require(BreakerName("configured")): Preset.flaky.policy]
        )
        try await RunningEngine.with(folder: folder, clock: clock, configuration: configuration) {
            running async throws in
            let search = try await running.engine.breaker("search").breaker
            #expect(search.policy == Preset.slow.policy && search.policySource == .builtIn)
            let payments = try await running.engine.breaker("payments:a").breaker
            #expect(payments.policy == strict && payments.policySource == .profile("payments:*"))
            #expect(try await running.engine.breaker("steered").breaker.policy.failureThreshold == 9)
            let configured = try await running.engine.breaker("configured").breaker
            #expect(configured.policy == Preset.flaky.policy && configured.policySource == .config)
        }
    }

    @Test("A restart keeps state, streak, window, leases and override")
    func restoresState() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        var views: [BreakerView] = []
        let names = ["counting", "open", "probing", "forced"]
        func look(_ running: RunningEngine) async throws -> [BreakerView] {
            var views: [BreakerView] = []
            for name in names { views.append(try await running.engine.breaker(name)) }
            return views
        }
        try await RunningEngine.with(folder: folder, clock: clock) { running async throws in
            for _ in 1...3 { try await running.engine.report(Report(.failure, kind: "timeout"), to: "counting") }
            try await running.engine.trip("probing")
            clock.advance(byMs: 60_000)
            #expect(try await running.engine.acquire("probing").permit?.lease != nil)
            try await running.engine.trip("open")
            try await running.engine.trip("forced")
            _ = try await running.engine.setOverride(
                .shadow,
                of: try #require(BreakerName("forced")),
                reason: "trying it out",
                expiresInMs: 5_000,
                actor: "alice"
            )
            views = try await look(running)
        }
        try await RunningEngine.with(folder: folder, clock: clock) { running async throws in
            let restored = try await look(running)
            #expect(restored.map(\.breaker) == views.map(\.breaker))
            #expect(try await !running.engine.acquire("probing").isAllowed)
        }
    }

    @Test("A list has the names that match its filters, in order, after any name")
    func lists() async throws {
        try await RunningEngine.with { running async throws in
            for name in ["a:1", "a:2", "b:1", "b:2", "c"] { _ = try await running.engine.acquire(name) }
            try await running.engine.trip("a:2")
            try await running.engine.trip("b:2")
            func names(_ filter: BreakerFilter, prefix: String = "", after: String? = nil, limit: Int = 10) async
                -> [String]
            {
                (try? await running.engine.breakers(
                    filter,
                    visible: NameScope(prefix: prefix),
                    order: .name(after: after.flatMap { BreakerName($0) }),
                    limit: limit
                ))?.views.map(\.breaker.name.value) ?? ["failed"]
            }
            #expect(await names(BreakerFilter()) == ["a:1", "a:2", "b:1", "b:2", "c"])
            #expect(await names(BreakerFilter(state: .open)) == ["a:2", "b:2"])
            #expect(await names(BreakerFilter(state: .open), prefix: "b:") == ["b:2"])
            #expect(await names(BreakerFilter(prefix: "a"), prefix: "a:1") == ["a:1"])
            #expect(await names(BreakerFilter(prefix: "a"), prefix: "b") == [])
            #expect(await names(BreakerFilter(), after: "a:2") == ["b:1", "b:2", "c"])
            #expect(await names(BreakerFilter(), after: "b", limit: 1) == ["b:1"])
            #expect(await names(BreakerFilter(override: .any)) == [])
            #expect(
                await names(BreakerFilter(state: .closed, override: BreakerFilter.OverrideFilter.none)) == [
                    "a:1", "b:1", "c",
                ]
            )
        }
    }
}
