import BreakerCore
import EngineSupport
import FaultyDisk
import Testing

@testable import BreakerEngine

@Suite("The audit of operators' orders")
struct AuditTests {
    private static let name = BreakerName("payments")!
    private static let alice = Author(actor: "alice", address: "10.1.2.3")

    @Test("Every order leaves one audit entry, with the revision of its change and the values before and after")
    func orders() async throws {
        try await RunningEngine.with { running async throws in
            let (engine, name, alice) = (running.engine, Self.name, Self.alice)
            _ = try await engine.putPolicy(Policy(), of: name, actor: alice)
            _ = try await engine.patchPolicy(["failure_threshold": .integer(7)], of: name, actor: "bob")
            for mode in [Override.Mode.shadow, .forceOpen] {
                _ = try await engine.setOverride(mode, of: name, reason: "a \"b\"\n", expiresInMs: nil, actor: alice)
            }
            _ = try await engine.clearOverride(of: name, actor: alice)
            let reset = try await engine.reset(name, to: .closed, actor: alice)
            try await engine.delete(name, actor: alice)
            let entries = Array(try await engine.audit(AuditFilter(), before: nil, limit: 100).reversed())
            #expect(
                entries.map(\.action) == [
                    .policy, .policy, .overrideSet, .overrideSet, .overrideCleared, .reset, .delete,
                ]
            )
            #expect(entries.map(\.revision) == entries.map(\.revision).sorted())
            #expect(entries.map(\.author) == [alice, "bob"] + Array(repeating: alice, count: 5))
            #expect(entries.allSatisfy { $0.breaker == name && $0.at == running.clock.now() })
            #expect(entries[0].before == nil && entries[6].after == nil)
            #expect(entries[1].before == entries[0].after)
            guard case .policy(let policy, .api)? = entries[1].after else {
                Issue.record("\(String(describing: entries[1].after)) is not a policy of the API")
                return
            }
            #expect(policy.failureThreshold == 7)
            #expect(entries[2].before == nil && entries[3].before == entries[2].after)
            let order = Override(
                mode: .forceOpen,
                reason: "a \"b\"\n",
                actor: "alice",
                since: running.clock.now(),
                expiresAt: nil
            )
            #expect(entries[3].after == .override(order))
            #expect(entries[4].before == entries[3].after && entries[4].after == nil)
            let generation = reset.breaker.generation
            #expect(entries[5].before == .state(.halfOpen, generation: generation - 1))
            #expect(entries[5].after == .state(.closed, generation: generation))
            #expect(entries[5].revision == generation)
            let whole = AuditValue.breaker(
                state: .closed,
                generation: generation,
                policy: policy,
                source: .api,
                override: nil
            )
            #expect(entries[6].before == whole)
        }
    }

    @Test("An order that is refused or changes nothing, and an automatic change, leave no audit entry")
    func nothing() async throws {
        try await RunningEngine.with { running async throws in
            let (engine, name) = (running.engine, Self.name)
            try await engine.trip("payments")
            _ = try await engine.clearOverride(of: name, actor: "alice")
            await #expect(throws: EngineError.self) {
                _ = try await engine.patchPolicy(["failure_threshold": .integer(0)], of: name, actor: "alice")
            }
            await #expect(throws: EngineError.self) {
                try await engine.delete(name, actor: "alice", if: .isNew)
            }
            #expect(try await engine.audit(AuditFilter(), before: nil, limit: 10).isEmpty)
            _ = try await engine.putPolicy(Policy(), of: name, actor: "alice")
            _ = try await engine.putPolicy(Policy(), of: name, actor: "bob")
            _ = try await engine.setOverride(.forceOpen, of: name, reason: "r", expiresInMs: 1_000, actor: "alice")
            await #expect(throws: EngineError.self) { _ = try await engine.reset(name, to: .closed, actor: "bob") }
            running.clock.advance(byMs: 1_000)
            _ = try await engine.clearOverride(of: name, actor: "bob")
            let entries = try await engine.audit(AuditFilter(), before: nil, limit: 10)
            #expect(entries.map(\.action) == [.overrideSet, .policy], "an override that ran out was not cleared")
        }
    }

    @Test("An order that is not stored leaves no audit entry, even with the next batch")
    func fault() async throws {
        let disk = FaultyDisk()
        try await RunningEngine.with(vfs: disk.name) { running async throws in
            let (engine, name) = (running.engine, Self.name)
            _ = try await engine.acquire("payments")
            disk.fail(1, of: [.write], with: FaultyDisk.isFull)
            await #expect(throws: EngineError.storageUnavailable) {
                _ = try await engine.reset(name, to: .closed, actor: "alice")
            }
            disk.heal()
            _ = try await engine.reset(name, to: .halfOpen, actor: "bob")
            let entries = try await engine.audit(AuditFilter(), before: nil, limit: 10)
            #expect(entries.map(\.author) == ["bob"])
        }
    }
}
