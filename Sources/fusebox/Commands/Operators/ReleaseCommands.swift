import ArgumentParser
import BreakerAPI
import NIOHTTP1

struct AutoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auto",
        abstract: "Clear the override: the breaker decides by itself again.",
        discussion: """
            Behind force_open comes one probe. Where no override stands, nothing changes.

            Example: fusebox auto payments
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The breaker.")
    var name: String

    func run() async throws {
        let client = OperatorClient(place: try server.place())
        let reply = try await client.send(.DELETE, Paths.breaker(name) + "/override")
        try BreakerLine.print(reply, asJSON: output.json)
    }
}

struct ResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Close a breaker and forget its counts, or have it probe at once.",
        discussion: """
            An override is not touched: under force_open or force_closed a reset is refused.

            Example: fusebox reset payments --to half_open
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The breaker.")
    var name: String

    @Option(help: "closed, or half_open: then the next call is a probe.")
    var to = "closed"

    func run() async throws {
        let client = OperatorClient(place: try server.place())
        let reply = try await client.send(.POST, Paths.breaker(name) + "/reset", [("to", to)])
        try BreakerLine.print(reply, asJSON: output.json)
    }
}
