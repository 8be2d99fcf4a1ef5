import AsyncHTTPClient
import BreakerAPI
import BreakerClient
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

/// The address of a server, and the credentials to use with it.
struct ServerAddress: Sendable {
    /// The URL without a trailing slash.
    let url: String
    let token: String?
    /// The TLS configuration; `nil` for the system's default.
    let tls: TLSConfiguration?
    /// The client that sends requests to this server.
    let http: HTTPClient
    /// Whether the address comes from the environment of the server itself (`FUSEBOX_LISTEN`).
    let isOwnServer: Bool

    init(url: String, token: String? = nil, tls: TLSConfiguration? = nil, isOwnServer: Bool = false) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.token = token
        self.tls = tls
        http = .forFusebox(tls: tls)
        self.isOwnServer = isOwnServer
    }

    /// A client for workers' requests.
    var client: FuseboxClient { FuseboxClient(url: url, token: token, http: http) }

    /// The server options of a command. Flags win over the environment, the environment over the context file.
    struct Choice {
        var url: String?
        var context: String?
        var tokenFile: String?
        /// The TLS files from the flags.
        var tls = ClientTLS()
        var environment: [String: String] = [:]
    }

    /// Resolves the options. A context's token is sent only to that context's server.
    init(_ choice: Choice) throws(SettingsError) {
        let found = try Self.resolve(choice)
        let tls = Self.tls(flags: choice.tls, environment: choice.environment, context: found.tls)
        self.init(url: found.url, token: found.token, tls: try tls.configuration(), isOwnServer: found.isOwnServer)
        let address = URLComponents(string: url)
        guard ["http", "https"].contains(address?.scheme), address?.host?.isEmpty == false else {
            throw SettingsError(description: "\(url) is not a server's URL; give one such as http://127.0.0.1:7979")
        }
    }

    /// Chooses each file separately: the flag wins over the environment, the environment over the context.
    private static func tls(flags: ClientTLS, environment: [String: String], context: ClientTLS) -> ClientTLS {
        func chosen(_ file: KeyPath<ClientTLS, String?>, _ name: String) -> String? {
            flags[keyPath: file] ?? environment[name].flatMap { $0.isEmpty ? nil : $0 } ?? context[keyPath: file]
        }
        return ClientTLS(
            caFile: chosen(\.caFile, "FUSEBOX_CA_FILE"),
            certificateFile: chosen(\.certificateFile, "FUSEBOX_CERT_FILE"),
            keyFile: chosen(\.keyFile, "FUSEBOX_KEY_FILE")
        )
    }

    private struct Found {
        var url: String
        var token: String?
        /// The TLS files of the context.
        var tls = ClientTLS()
        var isOwnServer = false
    }

    private static func resolve(_ choice: Choice) throws(SettingsError) -> Found {
        func variable(_ name: String) -> String? { choice.environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let given = try choice.tokenFile.map { path throws(SettingsError) in try SecretFile.secret(of: path) }
        let path = ContextFile.path(environment: choice.environment)
        let ambient = variable("FUSEBOX_TOKEN")
        if let url = choice.url {
            guard choice.context == nil else {
                throw SettingsError(description: "give either --url or --context, not both")
            }
            return Found(url: url, token: given ?? ambient)
        } else if let name = choice.context {
            let context = try ContextFile.read(path: path).context(name)
            let own = try context.secret()
            return Found(url: context.url, token: given ?? own ?? ambient, tls: context.tls)
        } else if let url = variable("FUSEBOX_URL") {
            return Found(url: url, token: given ?? ambient)
        } else if let name = variable("FUSEBOX_CONTEXT") {
            let context = try ContextFile.read(path: path).context(name)
            let token: String? = if let chosen = given ?? ambient { chosen } else { try context.secret() }
            return Found(url: context.url, token: token, tls: context.tls)
        } else if let listen = variable("FUSEBOX_LISTEN").flatMap({ try? ListenAddress($0) }) {
            let scheme = variable("FUSEBOX_TLS_CERT") == nil ? "http" : "https"
            return Found(url: "\(scheme)://\(listen.reachable)", token: given ?? ambient, isOwnServer: true)
        } else {
            let file = try ContextFile.read(path: path)
            let context = try file.current.map { name throws(SettingsError) in try file.context(name) }
            let url = context?.url ?? "http://\(ListenAddress.default.reachable)"
            let token: String? = if let chosen = given ?? ambient { chosen } else { try context?.secret() }
            return Found(url: url, token: token, tls: context?.tls ?? ClientTLS())
        }
    }

    /// Runs a request.
    /// - Throws: the server's answer as it is; a ``ServerFailure`` with a description if the server did not answer.
    func reached<Value>(_ ask: () async throws -> Value) async throws -> Value {
        do {
            return try await ask()
        } catch var error as FuseboxError {
            if error.code == nil { error.detail = ServerProblem.strange(error.detail) }
            throw error
        } catch let error as ServerProblem {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ServerFailure(description: "\(url) \(Self.words(of: error))", isUnreachable: true)
        }
    }

    private static let silences: [HTTPClientError] = [.deadlineExceeded, .readTimeout, .connectTimeout]

    /// Describes a failed attempt to reach the server.
    private static func words(of error: any Error) -> String {
        switch error {
        case let error as IOError where error.errnoCode == ECONNREFUSED: "cannot be reached: nothing listens there"
        case let error as NIOConnectionError where error.connectionErrors.isEmpty:
            "cannot be reached: the host is unknown"
        case let error as HTTPClientError where silences.contains(error): "does not answer"
        case let error as HTTPClientError where error == .remoteConnectionClosed: "closed the connection"
        case let error as NIOSSLError: "cannot be reached over TLS: \(words(ofTLS: error))"
        default: "cannot be reached: \(error)"
        }
    }

    private static func words(ofTLS error: NIOSSLError) -> String {
        let text = "\(error)"
        if text.contains("WRONG_VERSION_NUMBER") { return "the server does not speak TLS" }
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "its certificate is not trusted; name its authority with --ca-file"
        }
        return text
    }
}

extension ContextFile.Context {
    fileprivate func secret() throws(SettingsError) -> String? {
        if let token { return token }
        return try tokenFile.map { path throws(SettingsError) in try SecretFile.secret(of: path) }
    }
}

/// The PEM files with which a command verifies the server and authenticates itself.
struct ClientTLS: Hashable {
    /// The certificate authorities that verify the server's certificate; `nil` for those of the system.
    var caFile: String?
    /// The client's own certificate and its key, for servers that require one.
    var certificateFile: String?
    var keyFile: String?

    /// - Returns: `nil` if no file is set.
    /// - Throws: ``SettingsError`` if a file cannot be read.
    func configuration() throws(SettingsError) -> TLSConfiguration? {
        guard self != ClientTLS() else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let caFile {
            let authorities = try Self.read(caFile) { try NIOSSLCertificate.fromPEMFile($0) }
            configuration.trustRoots = .certificates(authorities)
        }
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw SettingsError(description: "a client certificate needs both --cert-file and --key-file")
        }
        if let certificateFile, let keyFile {
            let chain = try Self.read(certificateFile) { try NIOSSLCertificate.fromPEMFile($0) }
            let key = try Self.read(keyFile) { try NIOSSLPrivateKey(file: $0, format: .pem) }
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(key)
        }
        return configuration
    }

    private static func read<Value>(
        _ path: String,
        _ body: (String) throws -> Value
    ) throws(SettingsError) -> Value {
        do {
            return try body(NSString(string: path).expandingTildeInPath)
        } catch {
            throw SettingsError(description: "\(path) cannot be read as PEM: \(error)")
        }
    }
}

extension HTTPClient {
    /// Keeps HTTP clients for the life of the process: releasing one without a shutdown crashes the process.
    private static let kept = NIOLockedValueBox<[HTTPClient]>([])

    /// - Parameter silence: how long the server may be silent; `nil` for no limit.
    static func forFusebox(tls: TLSConfiguration?, silence: TimeAmount? = nil) -> HTTPClient {
        guard tls != nil || silence != nil else { return FuseboxClient.sharedHTTP }
        var configuration = FuseboxClient.httpConfiguration
        configuration.tlsConfiguration = tls
        if let silence { configuration.timeout = .init(connect: silence, read: silence) }
        let client = HTTPClient(configuration: configuration)
        kept.withLockedValue { $0.append(client) }
        return client
    }
}
