import ArgumentParser
import BreakerClient

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a server whether it is ready: exit 0 if so, 1 if not.",
        usage: "fusebox health"
    )

    @OptionGroup(title: "Which server") var server: ServerOptions

    func run() async throws {
        let place = try server.place()
        let isReady = try await place.reached { try await place.client.isReady() }
        guard isReady else { throw ServerFailure(description: "\(place.url) is not ready") }
        print("ready")
    }
}
