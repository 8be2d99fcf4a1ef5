import ArgumentParser
import BreakerAPI
import NIOHTTP1

struct AutoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auto",
        abstract: "Clear the override: the breaker decides by itself again.",
        usage: "fusebox auto <name> [--json]",
        discussion: """
            Behind force_open comes one probe. Where no override stands, nothing changes.

            Example: fusebox auto payments
            """
    )

    @Argument(help: "The breaker.")
    var name: String

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Which server") var server: ServerOptions

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        let reply = try await client.send(.DELETE, Paths.breaker(name) + "/override")
        try BreakerLine.print(reply, asJSON: output.json)
    }
}

struct ResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Close a breaker and forget its counts, or have it probe at once.",
        usage: "fusebox reset <name> [--to <state>] [--json]",
        discussion: """
            An override is not touched: under force_open or force_closed a reset is refused.

            Example: fusebox reset payments --to half_open
            """
    )

    @Argument(help: "The breaker.")
    var name: String

    @Option(help: ArgumentHelp("closed, or half_open: then the next call is a probe.", valueName: "state"))
    var to = "closed"

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Which server") var server: ServerOptions

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        let reply = try await client.send(.POST, Paths.breaker(name) + "/reset", [("to", to)])
        try BreakerLine.print(reply, asJSON: output.json)
    }
}
