import BreakerCore
import EngineSupport
import FaultyDisk
import Testing

@testable import BreakerEngine

@Suite("The policies of many breakers in one request")
struct PolicyPlanTests {
    private func name(_ text: String) throws -> BreakerName { try #require(BreakerName(text)) }

    private func policy(failureThreshold: Int) -> Policy {
        var policy = Policy()
        policy.failureThreshold = failureThreshold
        return policy
    }

    /// The same policy for each of these breakers.
    private func policies(_ names: [String], failureThreshold: Int) throws -> [BreakerName: Policy] {
        let policy = policy(failureThreshold: failureThreshold)
        return Dictionary(uniqueKeysWithValues: try names.map { (try name($0), policy) })
    }

    private func apply(
        _ policies: [BreakerName: Policy],
        isDryRun: Bool,
        on engine: Engine,
        ifPlan hash: PolicyPlanHash? = nil
    ) async throws -> PolicyPlan {
        if isDryRun { return try await engine.planPolicies(policies, ifPlan: hash) }
        return try await engine.applyPolicies(policies, actor: "alice", ifPlan: hash)
    }

    private func names(_ items: [PolicyPlan.Item]) -> [String] { items.map(\.name.value) }

    @Test("A plan changes nothing, and an apply makes exactly the changes of the plan, each with an audit entry")
    func planAndApply() async throws {
        try await RunningEngine.with { running async throws in
            let engine = running.engine
            for text in ["changed", "same"] {
                _ = try await engine.putPolicy(policy(failureThreshold: 7), of: try name(text), actor: "alice")
            }
            _ = try await engine.acquire("automatic")
            var wanted = try policies(["same", "created"], failureThreshold: 7)
            wanted[try name("automatic")] = Policy()
            wanted[try name("changed")] = Preset.flaky.policy

            let plan = try await engine.planPolicies(wanted)
            #expect(names(plan.created) == ["created"])
            #expect(names(plan.changed) == ["changed"])
            #expect(names(plan.unchanged) == ["automatic", "same"])
            #expect(plan.created[0].fields == [.failureThreshold])
            #expect(plan.changed[0].fields == [.failureThreshold, .recoveryTimeoutMs])
            #expect(plan.changed[0].before == policy(failureThreshold: 7))
            #expect(try await engine.breaker("changed").breaker.policy == policy(failureThreshold: 7))
            await #expect(throws: EngineError.self) { _ = try await engine.breaker("created") }

            var follower = try await engine.changesFromHere()
            let applied = try await engine.applyPolicies(wanted, actor: "bob")
            #expect(names(applied.created) == ["created"] && names(applied.changed) == ["changed"])
            let published = try await follower.nextChanges()
            #expect(published?.map(\.name.value) == ["changed", "created"])
            for (name, policy) in wanted { #expect(try await engine.breaker(name).breaker.policy == policy) }
            #expect(try await engine.breaker("automatic").breaker.policySource == .builtIn)
            #expect(try await engine.breaker("created").breaker.policySource == .api)
            let entries = try await engine.audit(AuditFilter(), before: nil, limit: 10)
            #expect(entries.prefix(2).map(\.breaker.value) == ["created", "changed"])
            #expect(entries.map(\.author) == ["bob", "bob", "alice", "alice"])
        }
    }

    @Test("An apply of the policies that breakers already have writes nothing")
    func idempotence() async throws {
        try await RunningEngine.with { running async throws in
            let engine = running.engine
            let wanted = try policies(["a", "b"], failureThreshold: 7)
            _ = try await engine.applyPolicies(wanted, actor: "alice")
            let commits = engine.writerMeter.commitSeconds
            let again = try await engine.applyPolicies(wanted, actor: "bob")
            #expect(names(again.unchanged) == ["a", "b"] && again.created.isEmpty && again.changed.isEmpty)
            #expect(engine.writerMeter.commitSeconds == commits)
            #expect(try await engine.audit(AuditFilter(), before: nil, limit: 10).count == 2)
        }
    }

    @Test("A cap that equals its default is no difference, whether it was given or not")
    func givenDefault() async throws {
        try await RunningEngine.with { running async throws in
            var given = Policy()
            given.givenRecoveryTimeoutMaxMs = given.recoveryTimeoutMaxMs
            _ = try await running.engine.putPolicy(given, of: try name("a"), actor: "alice")
            let plan = try await running.engine.planPolicies([try name("a"): Policy()])
            #expect(names(plan.unchanged) == ["a"])
        }
    }

    @Test("Any number of policies is stored in one transaction")
    func oneTransaction() async throws {
        try await RunningEngine.with { running async throws in
            let engine = running.engine
            let commits = engine.writerMeter.commitSeconds.counts.reduce(0, +)
            let wanted = try policies((1...3_000).map { "b\($0)" }, failureThreshold: 7)
            let applied = try await engine.applyPolicies(wanted, actor: "alice")
            #expect(applied.created.count == 3_000)
            #expect(engine.writerMeter.commitSeconds.counts.reduce(0, +) == commits + 1)
            #expect(try await engine.breaker("b3000").breaker.policy == policy(failureThreshold: 7))
        }
    }

    @Test(
        "The policies are applied together or not at all, whichever write or sync fails",
        arguments: [
            EngineFaultTests.Fault(calls: [.write], code: FaultyDisk.isFull),
            EngineFaultTests.Fault(calls: [.write], code: FaultyDisk.writeFailed),
            EngineFaultTests.Fault(calls: [.sync], code: FaultyDisk.syncFailed),
        ]
    )
    func faults(fault: EngineFaultTests.Fault) async throws {
        let wanted = try policies((1...40).map { "b\($0)" }, failureThreshold: 7)
        let clean = FaultyDisk()
        let total = try await RunningEngine.with(vfs: clean.name) { running async throws in
            _ = try await running.engine.acquire("b1")
            clean.fail(0, of: fault.calls, with: fault.code)
            _ = try await running.engine.applyPolicies(wanted, actor: "alice")
            return clean.count
        }
        var refusals = 0
        for nth in 1...max(1, total) {
            if try await !isApplied(wanted, failing: nth, fault) { refusals += 1 }
        }
        #expect(refusals > 0)
    }

    /// Applies policies while a call of the disk fails, and checks that all or none of them are in force.
    private func isApplied(
        _ wanted: [BreakerName: Policy],
        failing nth: Int,
        _ fault: EngineFaultTests.Fault
    ) async throws -> Bool {
        let disk = FaultyDisk()
        return try await RunningEngine.with(vfs: disk.name) { running async throws in
            let engine = running.engine
            _ = try await engine.acquire("b1")
            disk.fail(nth, of: fault.calls, with: fault.code)
            var refusal: EngineError?
            do throws(EngineError) {
                _ = try await engine.applyPolicies(wanted, actor: "alice")
            } catch {
                refusal = error
            }
            disk.heal()
            // The next commit settles an unknown outcome.
            await engine.writer.touchStore()
            let unchanged = try await engine.planPolicies(wanted).unchanged.count
            #expect(unchanged == (refusal == nil ? wanted.count : 0), "fault \(nth)")
            let entries = try await engine.audit(AuditFilter(), before: nil, limit: 100)
            #expect(entries.count == unchanged, "fault \(nth)")
            return refusal == nil
        }
    }

    @Test("Policies that would create more breakers than max_breakers allows are refused as a whole")
    func limit() async throws {
        var configuration = Engine.Configuration()
        configuration.maximumBreakers = 5
        try await RunningEngine.with(configuration: configuration) { running async throws in
            let engine = running.engine
            _ = try await engine.applyPolicies(try policies(["a", "b"], failureThreshold: 7), actor: "alice")
            let tooMany = try policies(["a", "c", "d", "e", "f"], failureThreshold: 8)
            for isDryRun in [true, false] {
                let error = await #expect(throws: EngineError.self) {
                    _ = try await apply(tooMany, isDryRun: isDryRun, on: engine)
                }
                #expect(error?.code == .breakerLimit)
                let message = "there are 2 breakers, and 4 more would exceed max_breakers (5)"
                #expect(error?.message.hasPrefix(message) == true)
            }
            #expect(try await engine.breaker("a").breaker.policy == policy(failureThreshold: 7))
            _ = try await engine.applyPolicies(
                try policies(["a", "c", "d", "e"], failureThreshold: 8),
                actor: "alice"
            )
            #expect(try await engine.breaker("e").breaker.policy == policy(failureThreshold: 8))
            let full = await #expect(throws: EngineError.self) {
                _ = try await engine.applyPolicies(try policies(["f"], failureThreshold: 8), actor: "alice")
            }
            #expect(full?.message.hasPrefix("there are 5 breakers, the maximum that max_breakers allows") == true)
        }
    }

    @Test("A plan is carried out as long as the policies of its breakers stay, whatever else changes")
    func samePlan() async throws {
        try await RunningEngine.with { running async throws in
            let engine = running.engine
            _ = try await engine.applyPolicies(try policies(["a", "b"], failureThreshold: 7), actor: "alice")
            let wanted = try policies(["a", "b", "c"], failureThreshold: 8)
            let hash = try await engine.planPolicies(wanted).hash
            for _ in 1...7 { try await engine.report(Report(.failure), to: "a") }
            #expect(try await engine.breaker("a").breaker.state == .open)
            _ = try await engine.putPolicy(Policy(), of: try name("other"), actor: "bob")
            let read = try #require(PolicyPlanHash(hash.description))
            #expect(try await engine.planPolicies(wanted, ifPlan: read).changed.count == 2)
            let applied = try await engine.applyPolicies(wanted, actor: "alice", ifPlan: read)
            #expect(names(applied.created) == ["c"] && names(applied.changed) == ["a", "b"])
        }
    }

    @Test("A plan whose breakers differ is refused as a whole, and the error names each breaker that differs")
    func outdatedPlan() async throws {
        try await RunningEngine.with { running async throws in
            let engine = running.engine
            let before = try policies(["changed", "deleted", "recreated", "same"], failureThreshold: 7)
            _ = try await engine.applyPolicies(before, actor: "alice")
            let all = ["absent", "changed", "created", "deleted", "recreated", "same"]
            let wanted = try policies(all, failureThreshold: 8)
            let hash = try await engine.planPolicies(wanted).hash
            _ = try await engine.putPolicy(Policy(), of: try name("changed"), actor: "bob")
            _ = try await engine.acquire("created")
            for text in ["deleted", "recreated"] { try await engine.delete(try name(text), actor: "bob") }
            _ = try await engine.acquire("recreated")
            for isDryRun in [true, false] {
                let error = await #expect(throws: EngineError.self) {
                    _ = try await apply(wanted, isDryRun: isDryRun, on: engine, ifPlan: hash)
                }
                #expect(error?.code == .preconditionFailed)
                let fields = ["changed", "created", "deleted", "recreated"].map { "breakers.\($0)" }
                #expect(error?.faults.map(\.field) == fields)
                #expect(error?.faults[2].detail == "was deleted after the plan")
            }
            #expect(try await engine.breaker("same").breaker.policy == policy(failureThreshold: 7))
            await #expect(throws: EngineError.self) { _ = try await engine.breaker("absent") }
        }
    }

    @Test("A plan of other breakers is refused")
    func otherPlan() async throws {
        try await RunningEngine.with { running async throws in
            let engine = running.engine
            let hash = try await engine.planPolicies(try policies(["a"], failureThreshold: 7)).hash
            let error = await #expect(throws: EngineError.self) {
                _ = try await engine.applyPolicies(
                    try policies(["a", "b"], failureThreshold: 7),
                    actor: "alice",
                    ifPlan: hash
                )
            }
            #expect(error?.code == .preconditionFailed)
            #expect(error?.faults.isEmpty == true)
        }
    }

    @Test(
        "A text that is not the hash of a plan is not accepted",
        arguments: [
            "", "7", "7-", "-", "7-00", "+7-\(zeros)", "07-\(zeros)", "7-\(zeros)0", "7-\(zeros)-", "x-\(zeros)",
            "9223372036854775808-\(zeros)", "7-\(zeros.dropLast())A",
        ]
    )
    func malformedHash(text: String) {
        #expect(PolicyPlanHash("7-\(Self.zeros)")?.description == "7-\(Self.zeros)")
        #expect(PolicyPlanHash(text) == nil)
    }

    static let zeros = String(repeating: "0", count: 64)
}
