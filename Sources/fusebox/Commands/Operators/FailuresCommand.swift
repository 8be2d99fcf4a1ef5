import ArgumentParser
import BreakerAPI
import Foundation

struct FailuresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failures",
        abstract: "List a breaker's failures, the newest first.",
        usage: "fusebox failures <name> [--limit <n>] [--json]",
        discussion: """
            Only failures that counted are kept, and of each breaker the newest 1 000.

            Example: fusebox failures payments --limit 50
            """
    )

    @Argument(help: "The breaker.")
    var name: String

    @Option(help: ArgumentHelp("How many rows at most: 1 to 1000.", valueName: "n"))
    var limit = 20

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Which server") var server: ServerOptions

    func validate() throws {
        guard (1...1_000).contains(limit) else { throw ValidationError("--limit is 1 to 1000") }
    }

    func run() async throws {
        let client = OperatorClient(place: try server.place())
        let reply = try await client.get(Paths.breaker(name) + "/failures", [("page_size", "\(limit)")])
        if output.json { return try Output.line(OperatorJSON.text(reply.body)) }
        let list: FailureListDocument = try reply.decoded()
        guard !list.failures.isEmpty else { return Output.remark("\(name) has no failures.") }
        try Output.lines(FailureTable.lines(list.failures, at: reply.now, on: .standardOutput))
    }
}
