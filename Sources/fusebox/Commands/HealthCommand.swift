import ArgumentParser
import BreakerClient

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a server whether it is ready: exit 0 if so, 1 if not."
    )

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let isReady = try await server.reached { try await FuseboxClient(url: server.address).isReady() }
        guard isReady else { throw ServerFailure(description: "\(server.address) is not ready") }
        print("ready")
    }
}
