import BreakerCore
import EngineSupport
import Testing

@testable import BreakerEngine

@Suite("Orders of operators")
struct OperatorTests {
    private func name(_ text: String = "payments") throws -> BreakerName { try #require(BreakerName(text)) }

    @Test("Setting a policy creates an unknown breaker, and keeps the state of a known one")
    func putsPolicies() async throws {
        try await RunningEngine.with { running async throws in
            var policy = Policy()
            policy.failureThreshold = 1
            let first = try await running.engine.putPolicy(policy, of: try name(), actor: "alice")
            #expect(first.isNew && first.view.breaker.policySource == .api)
            try await running.engine.report(Report(.failure), to: "payments")
            policy.failureThreshold = 2
            let second = try await running.engine.putPolicy(policy, of: try name(), actor: "bob")
            #expect(!second.isNew && second.view.breaker.state == .open)
            #expect(second.view.breaker.policyActor == "bob")
            #expect(second.view.breaker.policyRevision > first.view.breaker.policyRevision)
        }
    }

    @Test("Setting the policy that is in force changes nothing")
    func ignoresTheSame() async throws {
        try await RunningEngine.with { running async throws in
            let first = try await running.engine.putPolicy(Policy(), of: try name(), actor: "alice")
            let second = try await running.engine.putPolicy(Policy(), of: try name(), actor: "bob")
            #expect(first.view.breaker.policyRevision == second.view.breaker.policyRevision)
        }
    }

    @Test("A change is refused if its precondition does not hold")
    func checksPreconditions() async throws {
        try await RunningEngine.with { running async throws in
            func code(_ precondition: Engine.Precondition) async throws -> EngineError.Code? {
                let name = try name()
                do {
                    _ = try await running.engine.putPolicy(Policy(), of: name, actor: "a", if: precondition)
                    return nil
                } catch { return error.code }
            }
            #expect(try await code(.exists) == .preconditionFailed)
            #expect(try await code(.revision(in: [1])) == .preconditionFailed)
            #expect(try await code(.isNew) == nil)
            #expect(try await code(.isNew) == .preconditionFailed)
            #expect(try await code(.exists) == nil)
            let revision = try await running.engine.breaker("payments").breaker.policyRevision
            #expect(try await code(.revision(in: [revision])) == nil)
            #expect(try await code(.revision(in: [revision + 1])) == .preconditionFailed)
        }
    }

    @Test("The error of a bad patch names every bad field, and the patch changes nothing")
    func refusesBadPatches() async throws {
        try await RunningEngine.with { running async throws in
            _ = try await running.engine.acquire("payments")
            let error = await #expect(throws: EngineError.self) {
                _ = try await running.engine.patchPolicy(
                    ["failure_threshold": .integer(0), "colour": .integer(1), "window_ms": .integer(5_000)],
                    of: try name(),
                    actor: "alice"
                )
            }
            #expect(error?.code == .invalidPolicy)
            #expect(error?.faults.map(\.field) == ["policy.colour", "policy.failure_threshold"])
            #expect(try await running.engine.breaker("payments").breaker.policy == Policy())
        }
    }

    @Test("A deletion removes a breaker with its history, and its successor has a later generation")
    func deletes() async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.trip("payments")
            let before = try await running.engine.breaker("payments").breaker.generation
            try await running.engine.delete(try name(), actor: "alice")
            await #expect(throws: EngineError.self) { _ = try await running.engine.breaker("payments") }
            _ = try await running.engine.acquire("payments")
            #expect(try await running.engine.breaker("payments").breaker.generation > before)
            #expect(try await running.engine.failures(of: try name(), before: nil, limit: 10).isEmpty)
            #expect(try await running.engine.transitions(of: try name(), before: nil, limit: 10).isEmpty)
        }
    }

    @Test("A reset under force_open is refused, and after the override is cleared one probe decides")
    func forces() async throws {
        try await RunningEngine.with { running async throws in
            _ = try await running.engine.acquire("payments")
            _ = try await running.engine.setOverride(
                .forceOpen,
                of: try name(),
                reason: "maintenance",
                expiresInMs: nil,
                actor: "alice"
            )
            #expect(
                try await running.engine.acquire("payments") == .denied(state: .open, generation: 2, retryAfterMs: nil)
            )
            let error = await #expect(throws: EngineError.self) {
                _ = try await running.engine.reset(try name(), to: .closed, actor: "alice")
            }
            #expect(error?.code == .forced)
            _ = try await running.engine.clearOverride(of: try name(), actor: "bob")
            #expect(try await running.engine.acquire("payments").permit?.lease != nil)
            #expect(try await !running.engine.acquire("payments").isAllowed)
        }
    }

    @Test("A reset of an unknown breaker is refused")
    func knowsItsNames() async throws {
        try await RunningEngine.with { running async throws in
            let error = await #expect(throws: EngineError.self) {
                _ = try await running.engine.reset(try name(), to: .closed, actor: "alice")
            }
            #expect(error?.code == .unknownBreaker)
        }
    }

    @Test("A follower gets every change in order of revision, without a gap")
    func publishesInOrder() async throws {
        try await RunningEngine.with { running async throws in
            var changes = try await running.engine.changesFromHere()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...20 {
                    group.addTask { try await running.engine.trip("b\(number)") }
                }
                try await group.waitForAll()
            }
            _ = try await running.engine.putPolicy(Preset.flaky.policy, of: try name("b1"), actor: "alice")
            try await running.engine.delete(try name("b1"), actor: "alice")
            await running.engine.stop()
            var revisions: [Int64] = []
            while let next = try await changes.nextChanges() { revisions += next.map(\.revision) }
            #expect(revisions == Array(1...42))
        }
    }
}
