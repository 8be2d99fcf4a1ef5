/// An order to override a breaker.
package struct OverrideOrderDocument: Document {
    /// `force_open`, `force_closed` or `shadow`.
    package var mode: String
    package var reason: String
    /// How long the override lasts, in milliseconds; `nil` for an override that lasts until it is cleared. If the
    /// member is absent, the override lasts an hour.
    package var expiresInMs: Int64?

    package init(mode: String, reason: String, expiresInMs: Int64?) {
        self.mode = mode
        self.reason = reason
        self.expiresInMs = expiresInMs
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case mode, reason
        case expiresInMs = "expires_in_ms"
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

extension CodingKey where Self: CaseIterable {
    /// The names of all members.
    package static var names: Set<String> { Set(allCases.map(\.stringValue)) }
}
