package import BreakerCore

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
