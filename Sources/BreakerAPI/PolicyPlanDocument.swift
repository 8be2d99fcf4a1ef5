/// The answer to a request that gives breakers their policies: what it changes.
package struct PolicyPlanDocument: Document {
    /// A breaker that is created, or whose policy is changed.
    package struct Change: Codable, Hashable, Sendable {
        package var name: String
        /// Of a breaker that is created, the fields that differ from the default.
        package var fields: [Field]

        package init(name: String, fields: [Field]) {
            self.name = name
            self.fields = fields
        }
    }

    /// A field of a policy. A value is `nil` for a rule that is off, and for the window that is not in use.
    package struct Field: Codable, Hashable, Sendable {
        package var field: String
        /// The value before; `nil` also for a breaker that is created.
        package var from: Double?
        package var to: Double?

        package init(field: String, from: Double?, to: Double?) {
            self.field = field
            self.from = from
            self.to = to
        }
    }

    /// The hash of the policies before. A request that has it is carried out only if these have not changed.
    package var plan: String
    /// Whether the changes were made. If not, the request was a dry run.
    package var applied: Bool
    /// In the order of the names, like the other lists.
    package var created: [Change]
    package var changed: [Change]
    package var unchanged: [String]

    package init(plan: String, applied: Bool, created: [Change], changed: [Change], unchanged: [String]) {
        self.plan = plan
        self.applied = applied
        self.created = created
        self.changed = changed
        self.unchanged = unchanged
    }
}
