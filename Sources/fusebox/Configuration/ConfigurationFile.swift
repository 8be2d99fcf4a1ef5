import BreakerCore
import Foundation
import Yams

/// The YAML file: server settings, the `default` policy, `profiles` and `breakers`.
struct ConfigurationFile {
    private(set) var settings: SettingsSource
    private(set) var book: PolicyBook

    init(path: String) throws(SettingsError) {
        try self.init(text: try TrustedFile.text(of: path), path: path)
    }

    init(text: String, path: String) throws(SettingsError) {
        var lines: [String: Int] = [:]
        settings = SettingsSource(name: { $0 }, values: [:])
        book = PolicyBook()
        if let root = try ConfigurationNode(yaml: text, path: path) {
            let sections = try root.members(known: ["server", "default", "profiles", "breakers"])
            for (name, node) in try sections["server"]?.members(known: Self.serverKeys) ?? [] {
                lines[name] = node.line
                guard let key = Settings.Key(rawValue: name) else { continue }
                settings.values[key] = try node.scalar()
            }
            try readPolicies(sections)
        }
        settings.name = { name in "\(path):\(lines[name] ?? 1): server.\(name)" }
    }

    /// All settings but the path of the file, which cannot be set in the file itself.
    private static let serverKeys = Set(Settings.Key.allCases.map(\.rawValue)).subtracting(["config"])

    private mutating func readPolicies(_ sections: ConfigurationNode.Members) throws(SettingsError) {
        let base = try sections["default"]?.policy(over: Policy()) ?? Policy()
        var profiles: [Profile] = []
        for (text, node) in try sections["profiles"]?.members() ?? [] {
            guard let pattern = NamePattern(text) else {
                throw node.error("is not a pattern: a pattern consists of *, ? and the characters of a name")
            }
            profiles.append(Profile(pattern: pattern, policy: try node.policy(over: base)))
        }
        var breakers: [BreakerName: Policy] = [:]
        for (text, node) in try sections["breakers"]?.members() ?? [] {
            guard let name = BreakerName(text) else { throw node.error("is not a breaker's name") }
            breakers[name] = try node.policy(over: base)
        }
        book = PolicyBook(default: base, profiles: profiles, breakers: breakers)
    }
}

/// A node of the configuration file, with its line and the name of its field.
struct ConfigurationNode {
    let node: Node
    let path: String
    /// The path from the root: `profiles.payments:*.policy`.
    let field: String
    let line: Int

    init(_ node: Node, path: String, field: String = "", line: Int? = nil) {
        self.node = node
        self.path = path
        self.field = field
        self.line = line ?? node.mark?.line ?? 1
    }

    /// The root of a document; `nil` if the document is empty.
    init?(yaml text: String, path: String) throws(SettingsError) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw SettingsError(yaml: error, path: path)
        }
        guard let root, root.tag != Tag(.null) else { return nil }
        self.init(root, path: path)
    }

    func error(_ detail: String) -> SettingsError {
        SettingsError(description: "\(path):\(line): \(field.isEmpty ? "the file" : field) \(detail)")
    }

    /// The members in the order of the file, so that the first of several faults is reported.
    typealias Members = [(name: String, node: ConfigurationNode)]

    /// The members of a mapping; an absent value is an empty mapping.
    /// - Parameter known: the permitted names; `nil` for any.
    func members(known: Set<String>? = nil) throws(SettingsError) -> Members {
        if node.tag == Tag(.null) { return [] }
        guard case .mapping(let mapping) = node else { throw error("must be a mapping") }
        var members: Members = []
        for (keyNode, value) in mapping {
            guard let key = keyNode.string else { throw error("has a key that is not a string") }
            let member = ConfigurationNode(
                value,
                path: path,
                field: field.isEmpty ? key : "\(field).\(key)",
                line: keyNode.mark?.line
            )
            if let known, !known.contains(key) {
                throw member.error("is unknown; the known keys are \(known.sorted().joined(separator: ", "))")
            }
            members.append((key, member))
        }
        return members
    }

    func scalar() throws(SettingsError) -> String {
        guard case .scalar(let scalar) = node else { throw error("must be a single value") }
        return scalar.string
    }

    /// Reads `policy: {…}`, `preset: name`, or both. Without a preset, the fields override those of `base`.
    func policy(over base: Policy) throws(SettingsError) -> Policy {
        let members = try members(known: ["policy", "preset"])
        var policy = base
        if let node = members["preset"] {
            guard let preset = Preset(rawValue: try node.scalar()) else {
                throw node.error("must be " + Preset.allCases.map(\.rawValue).joined(separator: ", "))
            }
            policy = preset.policy
        }
        guard let node = members["policy"] else { return policy }
        let fields = try node.members()
        do throws(PolicyError) {
            return try policy.applying(
                PolicyDocument(
                    fields.map { ($0.name, $0.node.value(of: $0.name)) },
                    uniquingKeysWith: { _, last in last }
                )
            )
        } catch {
            let faults = error.faults.map { fault in (fields[fault.field] ?? node, fault) }
            throw SettingsError(
                description: faults.map { faultNode, fault in
                    "\(path):\(faultNode.line): \(node.field).\(fault.field) \(fault.detail)"
                }.joined(separator: "\n")
            )
        }
    }

    /// The value of a policy's field. A duration or a share may be a string with its unit.
    private func value(of field: String) -> PolicyValue {
        guard case .scalar(let scalar) = node, node.tag == Tag(.str), let field = PolicyField(rawValue: field),
            let forms = PolicyWords.forms(of: field)
        else { return policyValue }
        return PolicyWords.value(of: field, scalar.string) ?? .unsuitable("\(scalar.string.prefix(40)); \(forms)")
    }

    private var policyValue: PolicyValue {
        if node.tag == Tag(.null) { return .null }
        if node.tag == Tag(.int), let value = node.int { return .integer(Int64(value)) }
        if node.tag == Tag(.float), let value = node.float { return .decimal(value) }
        return switch node {
        case .scalar where node.tag == Tag(.bool): .unsuitable("true or false")
        // A whole number beyond 64 bits.
        case .scalar(let scalar) where node.tag == Tag(.int): .unsuitable(scalar.string)
        case .scalar: .unsuitable("a string")
        case .mapping: .unsuitable("a mapping")
        case .sequence: .unsuitable("a list")
        case .alias: .unsuitable("an alias")
        }
    }
}

extension ConfigurationNode.Members {
    subscript(name: String) -> ConfigurationNode? {
        first { $0.name == name }?.node
    }
}

extension SettingsError {
    /// The parser's error for invalid YAML, in the form of our own errors.
    fileprivate init(yaml error: any Error, path: String) {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(description: "\(path):\(mark.line): invalid YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.sorted().joined(separator: ", ")
            self.init(description: "\(path):\(context.mark.line): repeated key: \(names)")
        default:
            self.init(description: "\(path): invalid YAML: \(error)")
        }
    }
}
