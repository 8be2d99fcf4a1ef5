import BreakerHTTP
import Foundation
import Yams

/// The file of an operator's named servers (`contexts`) and the selected one (`current`).
struct ContextFile {
    struct Context: Hashable {
        var name: String
        var url: String
        var token: String?
        var tokenFile: String?
        var tls = ClientTLS()
    }

    let path: String
    private(set) var current: String?
    /// The contexts in the order of the file.
    private(set) var contexts: [Context] = []

    /// `FUSEBOX_CONTEXTS`, else `fusebox/contexts.yaml` in the user's configuration directory.
    static func path(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        if let path = environment["FUSEBOX_CONTEXTS"], !path.isEmpty { return path }
        let home = environment["HOME"] ?? NSHomeDirectory()
        let settings = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home + "/.config"
        return settings + "/fusebox/contexts.yaml"
    }

    /// - Returns: an empty context file if the file does not exist.
    static func read(path: String = path()) throws(SettingsError) -> ContextFile {
        guard FileManager.default.fileExists(atPath: path) else { return ContextFile(path: path) }
        return try ContextFile(text: try SecretFile.text(of: path, isSecret: { hasToken($0, path: path) }), path: path)
    }

    private init(path: String) {
        self.path = path
    }

    init(text: String, path: String) throws(SettingsError) {
        self.init(path: path)
        guard let root = try ConfigurationNode(yaml: text, path: path) else { return }
        let sections = try root.members(known: ["current", "contexts"])
        for (name, node) in try sections["contexts"]?.members() ?? [] {
            guard TokenFile.isName(name) else {
                throw node.error(
                    "is not a context's name: a name must be 1 to 128 characters of A-Z a-z 0-9 . _ : -, "
                        + "starting with a letter or digit"
                )
            }
            contexts.append(try Self.context(name, node))
        }
        guard let node = sections["current"] else { return }
        let name = try node.scalar()
        guard contexts.contains(where: { $0.name == name }) else {
            throw node.error("names an unknown context: \(name)")
        }
        current = name
    }

    private static func context(_ name: String, _ node: ConfigurationNode) throws(SettingsError) -> Context {
        let members = try node.members(known: ["url", "token", "token_file", "ca_file", "cert_file", "key_file"])
        guard let url = try members["url"]?.scalar(), !url.isEmpty else { throw node.error("needs a url") }
        let (token, file) = (try members["token"]?.scalar(), try members["token_file"]?.scalar())
        guard token == nil || file == nil else { throw node.error("must not have both token and token_file") }
        let tls = ClientTLS(
            caFile: try members["ca_file"]?.scalar(),
            certificateFile: try members["cert_file"]?.scalar(),
            keyFile: try members["key_file"]?.scalar()
        )
        return Context(name: name, url: url, token: token, tokenFile: file, tls: tls)
    }

    private static func hasToken(_ text: String, path: String) -> Bool {
        guard let file = try? ContextFile(text: text, path: path) else { return true }
        return file.contexts.contains { $0.token != nil }
    }

    func context(_ name: String) throws(SettingsError) -> Context {
        if let context = contexts.first(where: { $0.name == name }) { return context }
        let known = contexts.isEmpty ? "there are none" : "there are " + contexts.map(\.name).joined(separator: ", ")
        throw SettingsError(description: "\(path) has no context \(name); \(known)")
    }

    /// The text of the file with another current context. All other lines, including comments, stay as they are.
    static func text(_ text: String, withCurrent name: String, path: String) throws(SettingsError) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if let index = lines.firstIndex(where: { $0.hasPrefix("current:") }) {
            lines[index] = "current: \(name)"
        } else {
            lines.insert("current: \(name)", at: 0)
        }
        let changed = lines.joined(separator: "\n")
        guard (try? ContextFile(text: changed, path: path))?.current == name else {
            throw SettingsError(
                description: "\(path) has a layout that this command does not change; set current: \(name) yourself"
            )
        }
        return changed
    }
}
