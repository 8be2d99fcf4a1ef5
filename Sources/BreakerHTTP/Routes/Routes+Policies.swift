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
