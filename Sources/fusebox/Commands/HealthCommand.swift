import ArgumentParser
import AsyncHTTPClient
import BreakerClient
import NIOSSL

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Check whether a server is ready: exit with 0 if it is, with 1 if not.",
        usage: "fusebox health"
    )

    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        let address = try server.address()
        let client = FuseboxClient(url: address.url, http: http(address))
        let isReady = try await address.reached { try await client.isReady() }
        guard isReady else { throw ServerFailure(description: "\(address.url) is not ready") }
        print("ready")
    }

    /// The HTTP client. It does not verify the certificate of a server that it found by the server's own environment,
    /// unless a CA file is given: in a container's health check, for example, the certificate is rarely valid for the
    /// local address. No token is sent, so the certificate need not be verified.
    private func http(_ address: ServerAddress) -> HTTPClient {
        guard address.isOwnServer, server.caFile == nil else { return address.http }
        var tls = address.tls ?? .makeClientConfiguration()
        tls.certificateVerification = .none
        return .forFusebox(tls: tls)
    }
}
