import BreakerAPI
import BreakerCore
import BreakerEngine
import BreakerText
import HTTPTypes

extension Routes {
    /// The policies of many breakers in one request.
    static func policies(_ engine: Engine) -> [Route] {
        [
            Route(
                .post,
                Paths.policies,
                .steer,
                maximumBody: HTTPLimits.policiesBody,
                parameters: ["dry_run", "plan"],
                takesQueryAndBody: true
            ) { context in
                let policies = try PolicyBody.policies(context.body)
                try context.access.require(policies.keys)
                let isDryRun = try context.query.flag("dry_run", default: false)
                let hash = try planHash(context.query)
                let plan =
                    try await isDryRun
                    ? engine.planPolicies(policies, ifPlan: hash)
                    : engine.applyPolicies(policies, actor: context.author, ifPlan: hash)
                return .json(PolicyPlanDocument(plan, isApplied: !isDryRun))
            }
        ]
    }

    private static func planHash(_ query: Query) throws(Problem) -> PolicyPlanHash? {
        guard let text = query["plan"] else { return nil }
        guard let hash = PolicyPlanHash(text) else { throw .invalid("plan", "must be the plan of an earlier answer") }
        return hash
    }
}

extension PolicyPlanDocument {
    fileprivate init(_ plan: PolicyPlan, isApplied: Bool) {
        self.init(
            plan: plan.hash.description,
            applied: isApplied,
            created: plan.created.map { Change($0) },
            changed: plan.changed.map { Change($0) },
            unchanged: plan.unchanged.map(\.name.value),
            warnings: plan.items.compactMap { item in
                let warnings = item.warnings
                return warnings.isEmpty ? nil : Warnings(name: item.name.value, warnings: warnings)
            }
        )
    }
}

extension PolicyPlan.Item {
    /// The warnings about the wanted policy, and about an opening that the change leaves as it is.
    fileprivate var warnings: [PolicyWarning] {
        guard before != nil, let openUntil,
            let opening = PolicyWarning.runningOpening(of: name, changed: fields, openUntil: openUntil)
        else { return after.warnings }
        return after.warnings + [opening]
    }
}

extension PolicyPlanDocument.Change {
    fileprivate init(_ item: PolicyPlan.Item) {
        self.init(
            name: item.name.value,
            fields: item.fields.map { field in
                PolicyPlanDocument.Field(
                    field: field.rawValue,
                    from: item.before?[field].asDecimal,
                    to: item.after[field].asDecimal
                )
            }
        )
    }
}

/// The body of a request that gives a breaker a policy (``PolicyOrderDocument``), or several their policies
/// (``PolicyOrdersDocument``).
enum PolicyBody {
    /// `{"policy":{…}}`, `{"preset":"flaky"}`, or both: fields override the preset. A field that neither sets takes its
    /// default.
    static func policy(put body: [UInt8]) throws(Problem) -> Policy {
        try policy(of: try JSON(body: body))
    }

    /// `{"breakers":{"payments":{"preset":"flaky"},…}}`: for each breaker, the body of a `PUT`.
    ///
    /// - Throws: one problem with the faults of all breakers.
    static func policies(_ body: [UInt8]) throws(Problem) -> [BreakerName: Policy] {
        let document = try JSON(body: body, members: PolicyOrdersDocument.CodingKeys.names)
        guard let breakers = document["breakers"] else { throw .invalid("breakers", "is required") }
        guard case .object(let members) = breakers else {
            throw .invalid("breakers", "must be an object, not \(breakers.kindInWords)")
        }
        guard members.count <= HTTPLimits.policies else {
            throw .invalid("breakers", "must have at most \(HTTPLimits.policies) members, not \(members.count)")
        }
        var policies: [BreakerName: Policy] = [:]
        var faults: [Problem.Fault] = []
        var code = ProblemCode.invalidPolicy
        for member in members where faults.count < HTTPLimits.policyFaults {
            // A name may be long, and an error must not be.
            let field = "breakers.\(member.key.prefix(BreakerName.maximumLength + 1))"
            do throws(Problem) {
                let name = try DecisionRequest.name(member.key, field: field)
                policies[name] = try policy(of: member.value, at: field + ".")
            } catch {
                faults += error.faults
                if error.code != .invalidPolicy { code = error.code }
            }
        }
        guard faults.isEmpty else { throw Problem(code, faults: Array(faults.prefix(HTTPLimits.policyFaults))) }
        return policies
    }

    /// - Parameter path: the prefix of a field's name in an error: `breakers.payments.`, or empty for the body.
    private static func policy(of document: JSON, at path: String = "") throws(Problem) -> Policy {
        try document.require(members: PolicyOrderDocument.CodingKeys.names, at: path)
        var base = Policy()
        switch document["preset"] {
        case nil: break
        case .string(let name):
            guard let preset = Preset(rawValue: name) else { throw .invalid(path + "preset", presets) }
            base = preset.policy
        case .some: throw .invalid(path + "preset", presets)
        }
        guard document["policy"] != nil || document["preset"] != nil else {
            throw .invalid(path + "policy", "is required unless preset is given")
        }
        let fields = try fields(of: document["policy"] ?? [:], at: path)
        do throws(PolicyError) {
            return try base.applying(fields)
        } catch {
            var refusal = EngineError(error)
            for index in refusal.faults.indices { refusal.faults[index].field = path + refusal.faults[index].field }
            throw Problem(refusal)
        }
    }

    /// `{"policy":{…}}`: a merge patch (RFC 7396).
    static func document(patch body: [UInt8]) throws(Problem) -> PolicyDocument {
        guard let policy = try JSON(body: body, members: ["policy"])["policy"] else {
            throw .invalid("policy", "is required")
        }
        return try fields(of: policy)
    }

    private static let presets = "must be " + Preset.allCases.map(\.rawValue).joined(separator: ", ")

    private static func fields(of policy: JSON, at path: String = "") throws(Problem) -> PolicyDocument {
        guard case .object(let members) = policy else {
            throw .invalid(path + "policy", "must be an object, not \(policy.kindInWords)")
        }
        return PolicyDocument(uniqueKeysWithValues: members.map { ($0.key, PolicyValue($0.value)) })
    }
}

extension PolicyValue {
    init(_ value: JSON) {
        self =
            switch value {
            case .null: .null
            case .integer(let value): .integer(value)
            case .decimal(let value): .decimal(value)
            case .bool, .string, .array, .object: .unsuitable(value.kindInWords)
            }
    }
}

/// The entity tag of a breaker's policy: `"p<revision>"`.
enum PolicyTag {
    static func text(revision: Int64) -> String { "\"p\(revision)\"" }

    /// - Returns: `nil` for text that is not such a tag, and for a weak tag, which never matches (RFC 9110, 8.8.3.2).
    static func revision(_ tag: String) -> Int64? {
        let words = tag.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let revision = Int64(words[0].dropFirst(2).dropLast()),
            text(revision: revision) == words[0]
        else { return nil }
        return revision
    }
}
