import BreakerAPI
import BreakerCore
import Foundation

/// The change that gives one breaker its wanted policy.
struct PolicyChange {
    struct FieldChange: Hashable {
        var field: PolicyField
        /// `nil` if the breaker does not exist yet.
        var old: PolicyValue?
        var new: PolicyValue
    }

    enum Outcome: String {
        case planned, applied
        /// Another operator changed the policy after it was read.
        case refused
        case failed
    }

    let name: BreakerName
    /// The ETag of the policy that was read; `nil` if the breaker does not exist yet.
    let tag: String?
    let differences: [FieldChange]
    private let wanted: Policy
    var outcome = Outcome.planned
    var problem: (any Error)?

    var isCreation: Bool { tag == nil }

    /// - Parameter current: the breaker's current policy and its tag; `nil` if the breaker does not exist.
    /// - Returns: `nil` if the breaker already has the wanted values, from whichever source.
    init?(_ name: BreakerName, to wanted: Policy, from current: (policy: Policy, tag: String)?) {
        differences = PolicyField.allCases.compactMap { field in
            let old = current?.policy[field]
            let (new, base) = (wanted[field], old ?? Policy()[field])
            return new == base ? nil : FieldChange(field: field, old: old, new: new)
        }
        guard current == nil || !differences.isEmpty else { return nil }
        self.name = name
        self.wanted = wanted
        tag = current?.tag
    }

    /// The request. It holds only the differing fields.
    var order: PolicyOrderDocument {
        let fields = differences.map { ($0.field.rawValue, wanted.given($0.field).asDecimal) }
        return PolicyOrderDocument(policy: PolicyFieldsDocument(values: Dictionary(uniqueKeysWithValues: fields)))
    }

    var document: [String: Any] {
        var document: [String: Any] = [
            "name": name.value, "action": isCreation ? "create" : "change", "result": outcome.rawValue,
            "fields": differences.map { difference in
                [
                    "field": difference.field.rawValue, "from": Self.json(difference.old ?? .null),
                    "to": Self.json(difference.new),
                ]
            },
        ]
        if let problem { document["detail"] = "\(problem)" }
        return document
    }

    private static func json(_ value: PolicyValue) -> Any {
        switch value {
        case .integer(let value): value
        case .decimal(let value): value
        case .null, .unsuitable: NSNull()
        }
    }
}
