import ArgumentParser
import BreakerAPI
import Foundation

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a breaker: its state and the reason, what comes next, and its policy.",
        usage: "fusebox show <name> [--json]",
        discussion: """
            With --json: the breaker as GET /v1/breakers/NAME returns it, and the explanation under `explanation`.

            Example: fusebox show payments
            """
    )

    @Argument(help: "The name of the breaker.")
    var name: String

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        let reply = try await client.breaker(name)
        let explanation = try await client.get(Paths.explanation(name))
        if output.json {
            return try Output.line(OperatorJSON.text(reply.body, with: ["explanation": explanation.body]))
        }
        let page = BreakerPage(
            breaker: try reply.decoded(),
            explanation: try explanation.decoded(),
            now: reply.now
        )
        try Output.lines(page.lines(on: .standardOutput))
    }
}
