import ArgumentParser
import BreakerAPI
import BreakerClient
import Foundation
import NIOCore

/// Which server a command talks to.
struct ServerOptions: ParsableArguments {
    @Option(help: "The server. (default: FUSEBOX_URL, else FUSEBOX_LISTEN on this machine, else port 7979)")
    var url: String?

    var address: String {
        let environment = ProcessInfo.processInfo.environment
        if let url = url ?? environment["FUSEBOX_URL"], !url.isEmpty { return url }
        let listen = environment["FUSEBOX_LISTEN"].flatMap { try? ListenAddress($0) }
        return "http://" + (listen ?? .default).reachable.description
    }

    /// A token's secret comes from the environment alone: a command line is for all to see.
    var token: String? { ProcessInfo.processInfo.environment["FUSEBOX_TOKEN"] }

    /// Asks the server something.
    /// - Throws: what it answered as it is, and in words that it did not answer.
    func reached<Value>(_ ask: () async throws -> Value) async throws -> Value {
        do {
            return try await ask()
        } catch let error as FuseboxError {
            throw error
        } catch let error as IOError where error.errnoCode == ECONNREFUSED {
            throw ServerFailure(description: "\(address) cannot be reached: nothing listens there")
        } catch {
            throw ServerFailure(description: "\(address) cannot be reached: \(error)")
        }
    }
}

/// What a command could not get from its server.
struct ServerFailure: Error, CustomStringConvertible {
    var description: String
}
