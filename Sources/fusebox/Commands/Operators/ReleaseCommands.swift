import ArgumentParser
import BreakerAPI
import NIOHTTP1

struct AutoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auto",
        abstract: "Clear the override; the breaker is automatic again.",
        usage: "fusebox auto <name> [--json]",
        discussion: """
            After force_open, one probe decides. If no override is in force, nothing changes.

            Example: fusebox auto payments
            """
    )

    @Argument(help: "The name of the breaker.")
    var name: String

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        let reply = try await client.send(.DELETE, Paths.override(name))
        try BreakerLine.print(reply, asJSON: output.json)
    }
}

struct ResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Close a breaker and reset its counts, or make it probe at once.",
        usage: "fusebox reset <name> [--to <state>] [--json]",
        discussion: """
            A reset does not clear an override. It is refused under force_open, and with --to half_open also under \
            force_closed.

            Example: fusebox reset payments --to half_open
            """
    )

    @Argument(help: "The name of the breaker.")
    var name: String

    @Option(
        help: ArgumentHelp("The new state: closed, or half_open to make the next call a probe.", valueName: "state")
    )
    var to = "closed"

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        let reply = try await client.send(.POST, Paths.reset(name), [("to", to)])
        try BreakerLine.print(reply, asJSON: output.json)
    }
}
