import AsyncHTTPClient
import BreakerAPI
import BreakerClient
import Foundation
import NIOCore
import NIOPosix

/// Where a server is, and with what token to go there.
struct ServerPlace: Hashable, Sendable {
    /// Without a slash at its end.
    let url: String
    let token: String?

    init(url: String, token: String? = nil) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.token = token
    }

    /// What a command was told. Flags win over the environment, the environment over the file of contexts.
    struct Choice {
        var url: String?
        var context: String?
        var tokenFile: String?
        var environment: [String: String] = [:]
    }

    /// A context's token goes to that context's server and to no other.
    init(_ choice: Choice) throws(SettingsError) {
        try self.init(chosen: choice)
        let address = URLComponents(string: url)
        guard ["http", "https"].contains(address?.scheme), address?.host?.isEmpty == false else {
            throw SettingsError(description: "\(url) is no server's address, which is like http://127.0.0.1:7979")
        }
    }

    private init(chosen choice: Choice) throws(SettingsError) {
        func variable(_ name: String) -> String? { choice.environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let given = try choice.tokenFile.map { path throws(SettingsError) in try SecretFile.secret(of: path) }
        let path = ContextFile.path(environment: choice.environment)
        let ambient = variable("FUSEBOX_TOKEN")
        if let url = choice.url {
            guard choice.context == nil else { throw SettingsError(description: "--url does not go with --context") }
            self.init(url: url, token: given ?? ambient)
        } else if let name = choice.context {
            let context = try ContextFile.read(path: path).context(name)
            let own = try context.secret()
            self.init(url: context.url, token: given ?? own ?? ambient)
        } else if let url = variable("FUSEBOX_URL") {
            self.init(url: url, token: given ?? ambient)
        } else if let name = variable("FUSEBOX_CONTEXT") {
            let context = try ContextFile.read(path: path).context(name)
            let token: String? = if let chosen = given ?? ambient { chosen } else { try context.secret() }
            self.init(url: context.url, token: token)
        } else if let listen = variable("FUSEBOX_LISTEN").flatMap({ try? ListenAddress($0) }) {
            self.init(url: "http://\(listen.reachable)", token: given ?? ambient)
        } else {
            let file = try ContextFile.read(path: path)
            let context = try file.current.map { name throws(SettingsError) in try file.context(name) }
            let url = context?.url ?? "http://\(ListenAddress.default.reachable)"
            let token: String? = if let chosen = given ?? ambient { chosen } else { try context?.secret() }
            self.init(url: url, token: token)
        }
    }

    /// Asks the server something.
    /// - Throws: what it answered as it is, and in words that it did not answer.
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

    /// What has become of an attempt to reach it.
    private static func words(of error: any Error) -> String {
        switch error {
        case let error as IOError where error.errnoCode == ECONNREFUSED: "cannot be reached: nothing listens there"
        case let error as NIOConnectionError where error.connectionErrors.isEmpty:
            "cannot be reached: no host has that name"
        case let error as HTTPClientError where silences.contains(error): "does not answer"
        case let error as HTTPClientError where error == .remoteConnectionClosed: "closed the connection"
        case _ where "\(error)".hasPrefix("handshakeFailed"): "cannot be reached: no TLS is spoken there"
        default: "cannot be reached: \(error)"
        }
    }
}

extension ContextFile.Context {
    fileprivate func secret() throws(SettingsError) -> String? {
        if let token { return token }
        return try tokenFile.map { path throws(SettingsError) in try SecretFile.secret(of: path) }
    }
}
