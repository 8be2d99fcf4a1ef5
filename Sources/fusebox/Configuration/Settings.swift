import BreakerCore
import BreakerEngine
import BreakerHTTP
import Foundation
import Logging

/// All settings of a server, which it reads at its start.
struct Settings {
    var listen = ListenAddress.default
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
        case listen, db, config, tokens, insecure, hosts
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
            guard let value = source.values[key] else { continue }
            func invalid(_ expected: String) -> SettingsError {
                SettingsError(description: "\(source.name(key.rawValue)) must be \(expected), not \"\(value)\"")
            }
            switch key {
            case .config: break
            case .listen:
                do { listen = try ListenAddress(value) } catch { throw invalid("host:port") }
            case .db:
                guard !value.isEmpty else { throw invalid("a path") }
                databasePath = value
            case .tokens:
                // Without this check, an empty path would mean no tokens, and open the server to every client.
                guard !value.isEmpty else { throw invalid("the path of a tokens file") }
                tokensPath = value
            case .defaultTokens: defaultTokensPath = value.isEmpty ? nil : value
            case .insecure:
                guard let flag = Bool(value) else { throw invalid("true or false") }
                insecure = flag
            case .hosts:
                let names = value.split(separator: ",").map { $0.filter { $0 != " " } }
                guard names.allSatisfy({ !$0.isEmpty && !$0.contains(":") && !$0.contains("/") }) else {
                    throw invalid("host names without ports, separated by commas")
                }
                hosts = names
            case .logLevel:
                guard let level = Logger.Level(rawValue: value) else {
                    throw invalid(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))
                }
                logLevel = level
            case .logFormat:
                guard let format = LogFormat(rawValue: value) else { throw invalid("text or json") }
                logFormat = format
            case .tlsCertificate, .tlsKey, .tlsClientCA:
                // Without this check, an empty path would silently reduce the security.
                guard !value.isEmpty else { throw invalid("the path of a PEM file") }
                switch key {
                case .tlsCertificate: tlsFiles.certificate = value
                case .tlsKey: tlsFiles.key = value
                default: tlsFiles.clientCA = value
                }
            case .maximumBreakers:
                guard let count = Int(value), (1...1_000_000).contains(count) else {
                    throw invalid("1 to 1000000")
                }
                maximumBreakers = count
            case .breakersPerToken:
                guard let count = Int(value), (1...1_000_000).contains(count) else {
                    throw invalid("1 to 1000000")
                }
                breakersPerToken = count
            case .mayWorkersCreate:
                guard let flag = Bool(value) else { throw invalid("true or false") }
                mayWorkersCreate = flag
            case .metricsBreakers:
                guard let count = Int(value), (0...1_000_000).contains(count) else {
                    throw invalid("0 to 1000000")
                }
                metricsBreakers = count
            }
        }
    }
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
}

/// The error of a missing or invalid setting.
struct SettingsError: Error, Hashable, CustomStringConvertible {
    var description: String
}
