import ArgumentParser
import AsyncHTTPClient
import BreakerClient
import NIOSSL

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a server whether it is ready: exit 0 if so, 1 if not.",
        usage: "fusebox health"
    )

    @OptionGroup(title: "Which server") var server: ServerOptions

    func run() async throws {
        let place = try server.place()
        let client = FuseboxClient(url: place.url, http: http(place))
        let isReady = try await place.reached { try await client.isReady() }
        guard isReady else { throw ServerFailure(description: "\(place.url) is not ready") }
        print("ready")
    }

    /// A server's certificate is seldom for the address by which its own machine asks, as in a container's health check. No
    /// token is sent, so the certificate need not be verified then.
    private func http(_ place: ServerPlace) -> HTTPClient {
        guard place.isOwnServer, server.caFile == nil else { return place.http }
        var tls = place.tls ?? .makeClientConfiguration()
        tls.certificateVerification = .none
        return .forFusebox(tls: tls)
    }
}
