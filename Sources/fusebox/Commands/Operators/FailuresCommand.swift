import ArgumentParser
import BreakerAPI
import BreakerText
import Foundation

struct FailuresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failures",
        abstract: "List a breaker's failures, with a summary by kind and reporter.",
        usage: "fusebox failures <name> [--limit <n>] [--json]",
        discussion: """
            The summary covers the kinds and the reporters of all failures that are kept. Below it are the newest \
            failures, one by one. The server keeps only failures that counted: for each breaker, the newest 1 000 of \
            the last 7 days.

            With --json: the failures, and the summary under `summary`.

            Example: fusebox failures payments --limit 50
            """
    )

    @Argument(help: "The name of the breaker.")
    var name: String

    @Option(help: ArgumentHelp("The maximum number of failures to list, 1 to 1000.", valueName: "n"))
    var limit = 20

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func validate() throws {
        guard (1...1_000).contains(limit) else { throw ValidationError("--limit must be 1 to 1000") }
    }

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        let reply = try await client.get(Paths.failures(name), [("page_size", "\(limit)")])
        let summary = try await client.get(Paths.failureSummary(name))
        if output.json { return try Output.line(OperatorJSON.text(reply.body, with: ["summary": summary.body])) }
        let list: FailureListDocument = try reply.decoded()
        guard !list.failures.isEmpty else { return Output.remark("\(name.printable) has no failures.") }
        let screen = Screen.standardOutput
        try Output.lines(FailureSummaryTable.lines(try summary.decoded(), on: screen) + [""])
        try Output.lines(FailureListing.lines(list.failures, at: reply.now, on: screen))
    }
}
