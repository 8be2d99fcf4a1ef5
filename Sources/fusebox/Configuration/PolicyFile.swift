import BreakerAPI
import BreakerCore
import Foundation
import Yams

/// The wanted policies of breakers: a configuration file with only the section `breakers`.
struct PolicyFile {
    /// The policies in the order of the file.
    private(set) var policies: [(name: BreakerName, policy: Policy)] = []

    /// - Throws: one error with every fault of the file, each with its line.
    init(text: String, path: String) throws(SettingsError) {
        guard let root = try ConfigurationNode(yaml: text, path: path) else { return }
        let sections = try root.members(known: ["breakers"])
        var faults: [String] = []
        for (text, node) in try sections["breakers"]?.members() ?? [] {
            guard let name = BreakerName(text) else {
                faults.append(node.error("is not a breaker's name").description)
                continue
            }
            do throws(SettingsError) {
                policies.append((name, try node.policy(over: Policy())))
            } catch {
                faults.append(error.description)
            }
        }
        guard faults.isEmpty else { throw SettingsError(description: faults.joined(separator: "\n")) }
    }

    /// - Parameter path: `-` for standard input.
    static func read(_ path: String) throws(SettingsError) -> PolicyFile {
        guard path != "-" else {
            let text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
            return try PolicyFile(text: text, path: "standard input")
        }
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw SettingsError(description: "\(path) cannot be read: \(error.localizedDescription)")
        }
        return try PolicyFile(text: text, path: path)
    }

    /// The request that gives the breakers these policies. Fields with default values are omitted.
    var order: PolicyOrdersDocument {
        var breakers: [String: PolicyOrderDocument] = [:]
        for (name, policy) in policies {
            var fields: [String: Double?] = [:]
            for field in PolicyField.allCases where policy[field] != Policy()[field] {
                fields.updateValue(policy.given(field).asDecimal, forKey: field.rawValue)
            }
            breakers[name.value] = PolicyOrderDocument(policy: PolicyFieldsDocument(values: fields))
        }
        return PolicyOrdersDocument(breakers: breakers)
    }

    /// The text of a file that gives breakers these policies. Fields with default values are omitted.
    static func text(_ policies: [(name: String, policy: Policy)]) -> String {
        guard !policies.isEmpty else { return "breakers: {}\n" }
        var lines = ["breakers:"]
        for (name, policy) in policies {
            let fields = PolicyField.allCases.compactMap { field -> String? in
                let value = policy[field]
                guard value != defaultValue(of: field, in: policy) else { return nil }
                return "      \(field.rawValue): \(text(value))"
            }
            lines.append("  \(quoted(name)):")
            lines += fields.isEmpty ? ["    policy: {}"] : ["    policy:"] + fields
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The value of a field that is omitted. For the windows and the cap, it depends on other fields.
    private static func defaultValue(of field: PolicyField, in policy: Policy) -> PolicyValue {
        var other = policy
        switch field {
        case .recoveryTimeoutMaxMs: other.givenRecoveryTimeoutMaxMs = nil
        case .windowMs where policy[.windowCalls] != .null: break
        default: other = Policy()
        }
        return other[field]
    }

    private static func text(_ value: PolicyValue) -> String {
        switch value {
        case .null, .unsuitable: "null"
        case .integer(let value): "\(value)"
        case .decimal(let value): NumberText.plain(value)
        }
    }

    /// Quotes a name if necessary: in YAML, a name such as `1.5` or `on` is not a string, and a colon may end a key.
    private static func quoted(_ name: String) -> String {
        let isPlain =
            name.first?.isLetter == true && name.allSatisfy { $0.isLetter || $0.isNumber || "_-.".contains($0) }
        let isWord = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(name.lowercased())
        return isPlain && !isWord ? name : "\"\(name)\""
    }
}
