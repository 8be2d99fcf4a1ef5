import BreakerCore
import Primitives

/// The text that the audit keeps of a breaker, or of a part of it: a compact JSON object.
enum AuditText {
    static func policy(of breaker: Breaker) -> String {
        object([("policy_source", text(breaker.policySource.description)), ("policy", fields(breaker.policy))])
    }

    static func state(of breaker: Breaker) -> String {
        object([("state", text(breaker.state.rawValue)), ("generation", "\(breaker.generation)")])
    }

    static func override(_ override: Override) -> String {
        object([
            ("mode", text(override.mode.rawValue)), ("reason", text(override.reason)),
            ("actor", text(override.actor)), ("since", text(override.since.timestamp)),
            ("expires_at", override.expiresAt.map { text($0.timestamp) } ?? "null"),
        ])
    }

    static func whole(_ breaker: Breaker) -> String {
        object([
            ("state", text(breaker.state.rawValue)), ("generation", "\(breaker.generation)"),
            ("policy_source", text(breaker.policySource.description)), ("policy", fields(breaker.policy)),
            ("override", breaker.override.map(override) ?? "null"),
        ])
    }

    private static func fields(_ policy: Policy) -> String {
        object(PolicyField.allCases.map { ($0.rawValue, value(policy[$0])) })
    }

    private static func value(_ value: PolicyValue) -> String {
        switch value {
        case .null, .unsuitable: "null"
        case .integer(let value): "\(value)"
        case .decimal(let value): Int64(exactly: value).map { "\($0)" } ?? "\(value)"
        }
    }

    private static func object(_ members: [(key: String, value: String)]) -> String {
        "{" + members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    /// Quotes a string, and escapes the characters that RFC 8259, section 7, requires to be escaped.
    private static func text(_ value: String) -> String {
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case "\0"..<" ": text += "\\u" + UInt16(scalar.value).hexadecimal
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
