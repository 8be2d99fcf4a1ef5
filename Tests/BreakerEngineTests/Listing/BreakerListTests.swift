import BreakerCore
import EngineSupport
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("The list of breakers")
struct BreakerListTests {
    /// The parameters of a list.
    private struct Query: CustomStringConvertible {
        var filter: BreakerFilter
        var visible: NameScope
        var isByAttention: Bool
        var limit: Int

        init(_ random: inout SplitMix64) {
            let prefixes = ["", "", "a", "b", "b1", "b19", "x"]
            filter = BreakerFilter(
                state: random.pick([nil, nil, .closed, .open, .halfOpen]),
                prefix: random.pick(prefixes),
                override: random.pick([nil, nil, .any, BreakerFilter.OverrideFilter.none, .mode(.shadow)]),
                part: random.pick(["", "", "B", "9", "19"])
            )
            visible = random.pick(prefixes.map { NameScope(prefix: $0) } + Self.scopes)
            isByAttention = random.below(2) == 0
            limit = random.pick([1, 7, 50, 400])
        }

        private static let scopes = ["=a1", "=b,b1", "a19,b1", "=a0,=b199,a1", "=x"].compactMap { try? NameScope($0) }

        var description: String { "\(filter), \(visible), by attention: \(isByAttention), \(limit)" }
    }

    private static let names = ["a", "b"].flatMap { letter in (0..<200).compactMap { BreakerName("\(letter)\($0)") } }

    @Test(
        "The list has the breakers, order, pages and totals that a walk over all breakers gives, after random events",
        arguments: 1...6 as ClosedRange<UInt64>
    )
    func equalsWalk(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        try await RunningEngine.with { running in
            for _ in 0..<15 {
                for _ in 0..<random.below(80) { try await act(running, &random) }
                for _ in 0..<8 { try await compare(Query(&random), running.engine, seed) }
            }
        }
    }

    private func act(_ running: RunningEngine, _ random: inout SplitMix64) async throws {
        let (engine, name) = (running.engine, random.pick(Self.names))
        switch random.below(30) {
        case 0..<12:
            let outcome: Outcome = random.below(3) == 0 ? .success : .failure
            _ = try await engine.report(Report(outcome, count: 1 + random.below(6)), to: name)
        case 12..<16:
            let mode = random.pick(Override.Mode.allCases)
            _ = try? await engine.setOverride(
                mode,
                of: name,
                reason: "r",
                expiresInMs: random.pick([nil, 1_000, 20_000]),
                actor: "a"
            )
        case 16: _ = try? await engine.reset(name, to: random.pick(Breaker.ResetTarget.allCases), actor: "a")
        case 17, 18: try? await engine.delete(name, actor: "a")
        case 19:
            var policy = Policy()
            policy.failureThreshold = nil
            policy.failureRateThreshold = 0.5
            _ = try await engine.putPolicy(policy, of: name, actor: "a")
        case 20: running.clock.advance(byMs: Int64(random.pick([500, 5_000, 60_000])))
        case 21 where random.below(10) == 0:
            running.clock.setSystemClock(byMs: 3_600_000)
            await engine.writer.followClock()
        default: _ = try await engine.acquire(name)
        }
    }

    /// Pages through the list and compares it with all breakers, filtered and sorted.
    private func compare(_ query: Query, _ engine: Engine, _ seed: UInt64) async throws {
        let comment: Comment = "seed \(seed), \(query)"
        let all = try await engine.writer.read { working, now in
            working.names.compactMap { working[$0]?.preview(at: now) }
        }
        let now = engine.clock.now()
        let visible = all.filter {
            query.visible.contains($0.name) && $0.name.value.hasPrefix(query.filter.prefix)
        }
        var expected = visible.filter { admits($0, query.filter) }
        if query.isByAttention {
            expected.sort {
                let (left, right) = ($0.attention(at: now), $1.attention(at: now))
                return left == right ? $0.name < $1.name : left < right
            }
        }
        var (listed, end) = ([Breaker](), BreakerList.Position?.none)
        repeat {
            let list = try await engine.breakers(
                query.filter,
                visible: query.visible,
                order: query.isByAttention ? .attention(after: end) : .name(after: end?.name),
                limit: query.limit
            )
            #expect((list.totals == nil) == (end != nil), comment)
            if let totals = list.totals { expect(totals, of: visible, comment) }
            #expect(list.end == nil ? list.views.count <= query.limit : list.views.count == query.limit, comment)
            listed += list.views.map(\.breaker)
            end = list.end
        } while end != nil && listed.count <= all.count
        #expect(listed.map(\.name) == expected.map(\.name), comment)
        #expect(listed == expected, comment)
    }

    private func admits(_ breaker: Breaker, _ filter: BreakerFilter) -> Bool {
        if let state = filter.state, breaker.state != state { return false }
        let part = String(decoding: filter.part, as: UTF8.self)
        guard part.isEmpty || breaker.name.value.lowercased().contains(part) else { return false }
        return switch filter.override {
        case nil: true
        case .any?: breaker.override != nil
        case .mode(let mode)?: breaker.override?.mode == mode
        case Optional.some(.none): breaker.override == nil
        }
    }

    private func expect(_ totals: BreakerList.Totals, of breakers: [Breaker], _ comment: Comment) {
        for state in State.allCases { #expect(totals[state] == breakers.count { $0.state == state }, comment) }
        #expect(totals.overridden == breakers.count { $0.override != nil }, comment)
    }
}
