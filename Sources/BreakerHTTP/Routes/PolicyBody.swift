import BreakerAPI
import BreakerCore
import BreakerEngine

/// The body of a request that gives a breaker a policy: a ``PolicyOrderDocument``.
enum PolicyBody {
    /// `{"policy":{…}}`, `{"preset":"flaky"}`, or both: fields override the preset. A field that neither sets takes its
    /// default.
    static func policy(put body: [UInt8]) throws(Problem) -> Policy {
        let document = try JSON(body: body, members: PolicyOrderDocument.CodingKeys.names)
        var base = Policy()
        switch document["preset"] {
        case nil: break
        case .string(let name):
            guard let preset = Preset(rawValue: name) else { throw .invalid("preset", presets) }
            base = preset.policy
        case .some: throw .invalid("preset", presets)
        }
        guard document["policy"] != nil || document["preset"] != nil else {
            throw .invalid("policy", "is required unless preset is given")
        }
        let fields = try fields(of: document["policy"] ?? [:])
        do throws(PolicyError) {
            return try base.applying(fields)
        } catch {
            throw Problem(EngineError(error))
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

    private static func fields(of policy: JSON) throws(Problem) -> PolicyDocument {
        guard case .object(let members) = policy else {
            throw .invalid("policy", "must be an object, not \(policy.kindInWords)")
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
