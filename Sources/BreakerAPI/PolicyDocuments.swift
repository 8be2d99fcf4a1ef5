package import BreakerCore
package import BreakerText

/// The fields of a policy.
package struct PolicyFieldsDocument: Document {
    /// The values by the names of their fields; `nil` for a rule that is off, and for the window that is not in use.
    package var values: [String: Double?]

    package init(values: [String: Double?]) { self.values = values }

    package init(_ policy: Policy) {
        values = Dictionary(uniqueKeysWithValues: PolicyField.allCases.map { ($0.rawValue, policy[$0].asDecimal) })
    }

    package init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: Double?].self)
    }

    /// The fields are in the order of the policy's table.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for field in PolicyField.allCases {
            guard let value = values[field.rawValue] else { continue }
            try container.encode(value, forKey: Key(stringValue: field.rawValue))
        }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }
}

extension Policy {
    /// The policy with these fields. Fields of a later version are ignored.
    package init(_ document: PolicyFieldsDocument) throws(PolicyError) {
        let known = document.values.filter { PolicyField(rawValue: $0.key) != nil }
        self = try Policy().applying(
            known.mapValues { value in
                guard let value else { return .null }
                return Int64(exactly: value).map { .integer($0) } ?? .decimal(value)
            }
        )
    }
}

/// An order to give a breaker a policy.
package struct PolicyOrderDocument: Document {
    package static let writesNull = false

    /// The fields that the order sets. They override those of the preset.
    package var policy: PolicyFieldsDocument?
    /// The name of a preset; not in an order that changes only some fields.
    package var preset: String?

    package init(policy: PolicyFieldsDocument?, preset: String? = nil) {
        self.policy = policy
        self.preset = preset
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case policy, preset
    }
}

/// An order to give several breakers their policies.
package struct PolicyOrdersDocument: Document {
    package static let writesNull = false

    /// The orders by the names of their breakers.
    package var breakers: [String: PolicyOrderDocument]

    package init(breakers: [String: PolicyOrderDocument]) { self.breakers = breakers }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case breakers
    }
}

/// A warning about a policy that was accepted.
package struct PolicyWarningDocument: Document {
    /// `no_rule`, `shadowed_rule`, `unused_field`, `surplus_probes` or `running_opening`.
    package var code: String
    package var detail: String
    package var fields: [String]

    package init(_ warning: PolicyWarning) {
        code = warning.code.rawValue
        detail = warning.detail
        fields = warning.fields.map(\.rawValue)
    }
}

/// The answer to a request that sets the policy of one breaker: the breaker, and the warnings about its policy.
package struct PolicyAnswerDocument: Document {
    package var breaker: BreakerDocument
    package var warnings: [PolicyWarningDocument]

    package init(_ breaker: BreakerDocument, warnings: [PolicyWarning]) {
        self.breaker = breaker
        self.warnings = warnings.map { PolicyWarningDocument($0) }
    }

    package init(from decoder: any Decoder) throws {
        breaker = try BreakerDocument(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        warnings = try container.decode([PolicyWarningDocument].self, forKey: .warnings)
    }

    package func encode(to encoder: any Encoder) throws {
        try breaker.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(warnings, forKey: .warnings)
    }

    private enum CodingKeys: CodingKey { case warnings }
}

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

    /// The warnings about one breaker.
    package struct Warnings: Codable, Hashable, Sendable {
        package var name: String
        package var warnings: [PolicyWarningDocument]

        package init(name: String, warnings: [PolicyWarning]) {
            self.name = name
            self.warnings = warnings.map { PolicyWarningDocument($0) }
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
    /// The breakers of all three lists whose policies have warnings.
    package var warnings: [Warnings]

    package init(
        plan: String,
        applied: Bool,
        created: [Change],
        changed: [Change],
        unchanged: [String],
        warnings: [Warnings] = []
    ) {
        self.plan = plan
        self.applied = applied
        self.created = created
        self.changed = changed
        self.unchanged = unchanged
        self.warnings = warnings
    }
}
