import BreakerAPI
import BreakerCore

/// The lines for a change of many policies, or for the plan of one.
enum PolicyPlanListing {
    /// The differences, field by field, and a summary.
    ///
    /// - Parameter names: the names of the breakers, in the order in which they are shown.
    static func lines(_ plan: PolicyPlanDocument, in names: [String], on screen: Screen) -> [String] {
        let created = fields(of: plan.created)
        let changed = fields(of: plan.changed)
        var lines: [String] = []
        for name in names {
            let heading = screen.paint(name, .strong)
            if let fields = created[name] {
                lines.append("\(heading) (\(screen.paint(plan.applied ? "created" : "to be created", .good)))")
                lines += FieldChange.lines(fields.map { difference($0, isCreation: true) }, on: screen)
            } else if let fields = changed[name] {
                lines.append(heading)
                lines += FieldChange.lines(fields.map { difference($0, isCreation: false) }, on: screen)
            }
        }
        return lines + [summary(plan)]
    }

    private static func fields(of changes: [PolicyPlanDocument.Change]) -> [String: [PolicyPlanDocument.Field]] {
        Dictionary(changes.map { ($0.name, $0.fields) }, uniquingKeysWith: { first, _ in first })
    }

    private static func difference(_ change: PolicyPlanDocument.Field, isCreation: Bool) -> FieldChange {
        FieldChange(
            what: change.field,
            old: isCreation ? "" : text(of: change.field, change.from),
            new: text(of: change.field, change.to)
        )
    }

    /// - Parameter field: the name of a field, which a later version of the server may have added.
    private static func text(of field: String, _ value: Double?) -> String {
        if let field = PolicyField(rawValue: field) { return PolicyWords.text(of: field, value) }
        return value.map(NumberText.plain) ?? "off"
    }

    private static func summary(_ plan: PolicyPlanDocument) -> String {
        let (changed, created, unchanged) = (plan.changed.count, plan.created.count, plan.unchanged.count)
        guard changed + created > 0 else { return "Nothing to do: \(unchanged) unchanged." }
        return plan.applied
            ? "\(changed) changed, \(created) created, \(unchanged) unchanged."
            : "\(changed) to change, \(created) to create, \(unchanged) unchanged."
    }
}
