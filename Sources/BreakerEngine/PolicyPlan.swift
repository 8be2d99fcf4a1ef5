package import BreakerCore
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
    init(_ policies: [(name: BreakerName, policy: Policy)], for working: WorkingCopy, of epoch: Epoch) {
        items = policies.map { name, policy in
            let breaker = working[name]
            return Item(name: name, before: breaker?.policy, after: policy, revision: breaker?.policyRevision)
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
