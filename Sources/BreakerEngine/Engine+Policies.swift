package import BreakerCore
import BreakerStorage
import Crypto

/// The changes that give breakers the policies that an operator wants.
package struct PolicyPlan: Sendable {
    /// One breaker of the plan.
    package struct Item: Sendable {
        package var name: BreakerName
        /// The policy before the plan is carried out; `nil` if the breaker does not exist.
        package var before: Policy?
        /// The wanted policy.
        package var after: Policy
        /// The revision of the policy before the plan is carried out; `nil` if the breaker does not exist.
        var revision: Int64?
        /// The end of the opening in progress; `nil` if the breaker is not open.
        package var openUntil: Instant?

        /// The fields whose values change; of a breaker that does not exist, those that differ from the default.
        package var fields: [PolicyField] {
            let before = before ?? Policy()
            return PolicyField.allCases.filter { before[$0] != after[$0] }
        }
    }

    /// In the order of the names.
    package let items: [Item]
    package let hash: PolicyPlanHash

    /// The breakers that do not exist.
    package var created: [Item] { items.filter { $0.before == nil } }
    /// The breakers whose policy has another value in any field, whatever its source.
    package var changed: [Item] { items.filter { $0.before != nil && !$0.fields.isEmpty } }
    package var unchanged: [Item] { items.filter { $0.before != nil && $0.fields.isEmpty } }

    /// - Parameters:
    ///   - policies: the wanted policies, in the order of the names.
    ///   - epoch: the history of the database that `working` is a copy of.
    init(
        _ policies: [(name: BreakerName, policy: Policy)],
        for working: WorkingCopy,
        at now: Instant,
        of epoch: Epoch
    ) {
        items = policies.map { name, policy in
            let breaker = working[name]
            return Item(
                name: name,
                before: breaker?.policy,
                after: policy,
                revision: breaker?.policyRevision,
                openUntil: breaker?.openUntil.flatMap { $0 > now ? $0 : nil }
            )
        }
        hash = PolicyPlanHash(items, at: working.journal.revision, of: epoch)
    }
}

/// Identifies the policies that a plan compares with: those of the plan's breakers, as of a revision.
package struct PolicyPlanHash: Hashable, Sendable, CustomStringConvertible {
    /// The last revision of the server.
    let revision: Int64
    /// The SHA-256 of the epoch, and of each breaker's name with the revision of its policy.
    let digest: [UInt8]

    fileprivate init(_ items: [PolicyPlan.Item], at revision: Int64, of epoch: Epoch) {
        self.revision = revision
        var bytes = Array("\(epoch)\n".utf8)
        for item in items { bytes += "\(item.name) \(item.revision ?? 0)\n".utf8 }
        digest = Array(SHA256.hash(data: bytes))
    }

    /// - Returns: `nil` if `text` is not exactly in the form of ``description``.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let revision = Int64(parts[0]), let digest = [UInt8](hexadecimal: parts[1]),
            digest.count == SHA256.byteCount
        else { return nil }
        self.revision = revision
        self.digest = digest
        guard description == text else { return nil }
    }

    package var description: String { "\(revision)-\(digest.hexadecimal)" }

    /// Whether both plans compare with the same policies of the same breakers.
    func hasPolicies(of other: PolicyPlanHash) -> Bool { digest == other.digest }
}

/// The policies of many breakers at once.
extension Engine {
    /// The changes that give breakers these policies. Changes nothing.
    ///
    /// - Parameter hash: the hash of an earlier plan; the policies must still be those that it was compared with.
    /// - Throws: ``EngineError/Code/breakerLimit`` if too many breakers would be created;
    ///   ``EngineError/Code/preconditionFailed``, which names the breakers that differ from the earlier plan.
    package func planPolicies(
        _ policies: [BreakerName: Policy],
        ifPlan hash: PolicyPlanHash? = nil
    ) async throws(EngineError) -> PolicyPlan {
        let policies = Self.ordered(policies)
        let plan = try await writer.read { [epoch] working, now throws(EngineError) in
            let plan = PolicyPlan(policies, for: working, at: now, of: epoch)
            if hash?.hasPolicies(of: plan.hash) ?? true { try working.checkLimits(for: plan) }
            return plan
        }
        try await require(hash, of: plan)
        return plan
    }

    /// Gives breakers these policies, in one transaction whatever their number. A breaker that already has the wanted
    /// values does not change, whatever the source of its policy.
    ///
    /// - Parameter hash: as for ``planPolicies(_:ifPlan:)``.
    /// - Returns: the changes that were made.
    /// - Throws: as ``planPolicies(_:ifPlan:)``; nothing was changed then.
    package func applyPolicies(
        _ policies: [BreakerName: Policy],
        actor author: Author,
        ifPlan hash: PolicyPlanHash? = nil
    ) async throws(EngineError) -> PolicyPlan {
        let policies = Self.ordered(policies)
        let weight = max(1, policies.count)
        let plan = try await change(from: Client(author), weight: weight) { [epoch] working, _ throws(EngineError) in
            let plan = PolicyPlan(policies, for: working, at: working.now, of: epoch)
            if hash?.hasPolicies(of: plan.hash) ?? true { try working.carryOut(plan, by: author) }
            return plan
        }
        try await require(hash, of: plan)
        return plan
    }

    private static func ordered(_ policies: [BreakerName: Policy]) -> [(name: BreakerName, policy: Policy)] {
        policies.sorted { $0.key < $1.key }.map { (name: $0.key, policy: $0.value) }
    }

    /// - Parameter hash: the hash that `plan` must have; `nil` for any.
    private func require(_ hash: PolicyPlanHash?, of plan: PolicyPlan) async throws(EngineError) {
        guard let hash, !hash.hasPolicies(of: plan.hash) else { return }
        let isAnyMissing = plan.items.contains { $0.revision == nil }
        let deleted: Set<BreakerName> = try await isAnyMissing ? namesDeleted(after: hash.revision) : []
        var faults: [EngineError.Fault] = []
        for item in plan.items {
            let field = "breakers.\(item.name)"
            if let revision = item.revision {
                guard revision > hash.revision else { continue }
                faults.append(.init(field: field, detail: "was changed after the plan, by revision \(revision)"))
            } else if deleted.contains(item.name) {
                faults.append(.init(field: field, detail: "was deleted after the plan"))
            }
        }
        throw EngineError(
            .preconditionFailed,
            faults.isEmpty
                ? "the plan is of other breakers or of another database; make another plan"
                : "some breakers differ from the plan; make another plan",
            faults: faults
        )
    }

    /// The names of the breakers that were deleted after a revision, as far as the changes are kept.
    private func namesDeleted(after revision: Int64) async throws(EngineError) -> Set<BreakerName> {
        var names: Set<BreakerName> = []
        var position = revision
        while true {
            let page = try await read { [reader, position] in
                try reader.changes(after: position, limit: Self.changesAtATime)
            }
            guard case .changes(let changes) = page, let last = changes.last else { return names }
            for change in changes {
                if case .deleted = change.kind { names.insert(change.name) }
            }
            position = last.revision
        }
    }

    /// How many stored changes are read at once.
    private static let changesAtATime = 1_000
}

extension WorkingCopy {
    /// - Throws: ``EngineError/Code/breakerLimit`` if the plan creates too many breakers.
    fileprivate func checkLimits(for plan: PolicyPlan) throws(EngineError) {
        try limits.checkOperator(existing: breakers.count, creates: plan.created.count)
    }

    /// Makes the changes of a plan, and adds an audit entry for each.
    fileprivate mutating func carryOut(_ plan: PolicyPlan, by author: Author) throws(EngineError) {
        try checkLimits(for: plan)
        for item in plan.items {
            if item.before == nil {
                try create(item.name, policy: item.after, by: author)
            } else if !item.fields.isEmpty {
                changePolicy(of: item.name, to: item.after, actor: author)
            }
        }
    }
}
