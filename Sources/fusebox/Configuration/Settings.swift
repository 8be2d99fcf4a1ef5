import BreakerAPI
import BreakerCore
import BreakerEngine
import BreakerHTTP
import BreakerText
import Foundation
import Logging

/// All settings of a server, which it reads at its start.
struct Settings {
    var listen = ListenAddress.default
    var label = ServerLabel()
    var databasePath = "./fusebox.db"
    var tokensPath: String?
    /// The tokens file that the first start creates (the container image sets it); `nil` if `tokens` is set or the
    /// server is insecure.
    var defaultTokensPath: String?
    /// `nil` for a server of plain HTTP.
    var tls: ServerTLS.Files?
    var insecure = false
    /// Host names that browsers may use for a server without tokens, in addition to local names, which cannot belong to
    /// another host.
    var hosts: [String] = []
    var logLevel = Logger.Level.info
    var logFormat = LogFormat.text
    var maximumBreakers = Engine.Configuration().maximumBreakers
    /// `nil` for the engine's default.
    var breakersPerToken: Int?
    var mayWorkersCreate = Engine.Configuration().mayWorkersCreate
    var metricsBreakers = HTTPLimits.metricsBreakers
    var book = PolicyBook()
    private var tlsFiles = TLSPaths()

    /// A setting, by its name in the configuration file. Its environment variable is `FUSEBOX_` and the name in
    /// capitals.
    enum Key: String, CaseIterable {
        case listen, name, colour, db, config, tokens, insecure, hosts
        case defaultTokens = "default_tokens"
        case logLevel = "log_level"
        case logFormat = "log_format"
        case tlsCertificate = "tls_cert"
        case tlsKey = "tls_key"
        case tlsClientCA = "tls_client_ca"
        case maximumBreakers = "max_breakers"
        case breakersPerToken = "breakers_per_token"
        case mayWorkersCreate = "workers_create"
        case metricsBreakers = "metrics_breakers"

        /// Whether an empty environment variable is an error, because the server would be less secure without the
        /// setting.
        var isSecurity: Bool {
            switch self {
            case .tokens, .tlsCertificate, .tlsKey, .tlsClientCA, .mayWorkersCreate: true
            default: false
            }
        }
    }

    /// Options win over the environment, the environment over the configuration file, the file over the defaults.
    static func resolve(
        options: SettingsSource,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(SettingsError) -> Settings {
        var settings = Settings()
        let environment = SettingsSource(environment: environment)
        if let path = options.values[.config] ?? environment.values[.config] {
            let file = try ConfigurationFile(path: path)
            try settings.apply(file.settings)
            settings.book = file.book
        }
        try settings.apply(environment)
        try settings.apply(options)
        settings.tls = try settings.tlsFiles.files()
        if settings.tokensPath != nil || settings.insecure { settings.defaultTokensPath = nil }
        settings.tokensPath = settings.tokensPath ?? settings.defaultTokensPath
        guard settings.tokensPath != nil || settings.insecure || settings.listen.isLoopback else {
            throw SettingsError(
                description: """
                    \(settings.listen) can be reached from other machines, and there are no tokens: any client could \
                    open your breakers. Give a tokens file with --tokens (fusebox token new creates tokens), \
                    or --insecure if the network itself admits only trusted clients.
                    """
            )
        }
        return settings
    }

    /// Paths of TLS files, which may come from different sources.
    private struct TLSPaths {
        var certificate: String?
        var key: String?
        var clientCA: String?

        func files() throws(SettingsError) -> ServerTLS.Files? {
            guard let certificate, let key else {
                guard certificate == nil, key == nil, clientCA == nil else {
                    throw SettingsError(description: "TLS needs both tls_cert and tls_key")
                }
                return nil
            }
            return ServerTLS.Files(certificate: certificate, key: key, clientCA: clientCA)
        }
    }

    private mutating func apply(_ source: SettingsSource) throws(SettingsError) {
        for key in Key.allCases {
            if let value = source[key] { try set(key, to: value) }
        }
    }

    private mutating func set(_ key: Key, to value: SettingValue) throws(SettingsError) {
        switch key {
        case .config: break
        case .listen: listen = try value.listenAddress()
        case .name: label.name = try value.serverName()
        case .colour:
            let colour: ServerColour = try value.choice("red, amber, green, blue, violet or grey")
            label.colour = colour
        case .db: databasePath = try value.path("a path")
        case .tokens: tokensPath = try value.path("the path of a tokens file")
        case .defaultTokens: defaultTokensPath = value.text.isEmpty ? nil : value.text
        case .insecure: insecure = try value.flag()
        case .hosts: hosts = try value.hostNames()
        case .logLevel: logLevel = try value.choice(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))
        case .logFormat: logFormat = try value.choice("text or json")
        case .tlsCertificate: tlsFiles.certificate = try value.path("the path of a PEM file")
        case .tlsKey: tlsFiles.key = try value.path("the path of a PEM file")
        case .tlsClientCA: tlsFiles.clientCA = try value.path("the path of a PEM file")
        case .maximumBreakers: maximumBreakers = try value.count(in: 1...1_000_000)
        case .breakersPerToken: breakersPerToken = try value.count(in: 1...1_000_000)
        case .mayWorkersCreate: mayWorkersCreate = try value.flag()
        case .metricsBreakers: metricsBreakers = try value.count(in: 0...1_000_000)
        }
    }
}

/// A host and a port: `127.0.0.1:7979`, `[::1]:7979`, `localhost:0`.
struct ListenAddress: Hashable, CustomStringConvertible {
    struct Malformed: Error {}

    var host: String
    var port: Int

    static let `default` = ListenAddress(host: DefaultAddress.host, port: DefaultAddress.port)

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init(_ text: String) throws(Malformed) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            text[text.index(after: colon)...].first != "+"
        else { throw Malformed() }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.contains(":") == isBracketed,
            host.utf8.allSatisfy({ $0 > UInt8(ascii: " ") && $0 < 0x7f && !"[]/".utf8.contains($0) })
        else { throw Malformed() }
        self.init(host: String(host), port: Int(port))
    }

    /// Whether only this machine can connect to the address.
    var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The address under which this machine reaches a server that listens here.
    var reachable: ListenAddress {
        switch host {
        case "0.0.0.0": ListenAddress(host: "127.0.0.1", port: port)
        case "::": ListenAddress(host: "::1", port: port)
        default: self
        }
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A source of settings, and the names of the settings in it.
struct SettingsSource {
    var name: (String) -> String
    var values: [Settings.Key: String]

    init(name: @escaping (String) -> String, values: [Settings.Key: String]) {
        self.name = name
        self.values = values
    }

    init(environment: [String: String]) {
        func variable(_ name: String) -> String { "FUSEBOX_" + name.uppercased() }
        let values = Settings.Key.allCases.compactMap { key in
            environment[variable(key.rawValue)].flatMap { $0.isEmpty && !key.isSecurity ? nil : (key, $0) }
        }
        self.init(name: variable, values: Dictionary(uniqueKeysWithValues: values))
    }

    /// The value of a setting; `nil` if the source does not set it.
    subscript(key: Settings.Key) -> SettingValue? {
        values[key].map { SettingValue(name: name(key.rawValue), text: $0) }
    }
}

/// The value of a setting as it is written in its source.
struct SettingValue {
    /// The name of the setting in the source.
    let name: String
    let text: String

    private func invalid(_ expected: String) -> SettingsError {
        SettingsError(description: "\(name) must be \(expected), not \"\(text)\"")
    }

    func listenAddress() throws(SettingsError) -> ListenAddress {
        do { return try ListenAddress(text) } catch { throw invalid("host:port") }
    }

    /// A path. It must not be empty: without tokens or TLS, the server would silently be less secure.
    func path(_ expected: String) throws(SettingsError) -> String {
        guard !text.isEmpty else { throw invalid(expected) }
        return text
    }

    /// A name that fits into a prompt and into the header of the page.
    func serverName() throws(SettingsError) -> String {
        let isBlank = text.allSatisfy(\.isWhitespace)
        guard !isBlank, text.count <= Self.longestName, text.printable == text else {
            throw invalid("1 to \(Self.longestName) printable characters")
        }
        return text
    }

    private static let longestName = 40

    func flag() throws(SettingsError) -> Bool {
        guard let flag = Bool(text) else { throw invalid("true or false") }
        return flag
    }

    func count(in range: ClosedRange<Int>) throws(SettingsError) -> Int {
        guard let count = Int(text), range.contains(count) else {
            throw invalid("\(range.lowerBound) to \(range.upperBound)")
        }
        return count
    }

    func choice<Choice: RawRepresentable<String>>(_ expected: String) throws(SettingsError) -> Choice {
        guard let choice = Choice(rawValue: text) else { throw invalid(expected) }
        return choice
    }

    func hostNames() throws(SettingsError) -> [String] {
        let names = text.split(separator: ",").map { $0.filter { $0 != " " } }
        guard names.allSatisfy({ !$0.isEmpty && !$0.contains(":") && !$0.contains("/") }) else {
            throw invalid("host names without ports, separated by commas")
        }
        return names
    }
}

/// The error of a missing or invalid setting.
struct SettingsError: Error, Hashable, CustomStringConvertible {
    var description: String
}
