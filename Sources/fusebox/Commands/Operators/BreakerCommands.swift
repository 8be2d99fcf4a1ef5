import ArgumentParser
import BreakerAPI
import BreakerCore
import Foundation

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List breakers, those that need attention first.",
        usage: "fusebox list [--state <state>] [--prefix <text>] [--override <mode>] [--json]",
        discussion: """
            Breakers under an override come first, then open, half-open and closed breakers. Closed breakers are \
            sorted by how close they are to tripping. Output on a terminal is coloured unless NO_COLOR is set.

            Example: fusebox list --state open --prefix payments:
            """
    )

    @OptionGroup var filter: BreakerFilterOptions

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        var progress = Progress()
        defer { progress.clear() }
        let document = try await client.list(
            Paths.breakers,
            filter.query + [("sort", "attention")],
            key: "breakers"
        ) { count in progress.show("\(count) breakers…") }
        progress.clear()
        if output.json { return try Output.line(OperatorJSON.text(document)) }
        let list = try OperatorClient.Reply(body: document).decoded(as: BreakerListDocument.self)
        let screen = Screen.standardOutput
        try await client.printName(on: screen)
        if list.breakers.isEmpty {
            Output.remark(filter.isEmpty ? "There are no breakers." : "No breakers match.")
        } else {
            try Output.lines(BreakerListing.lines(list.breakers.map(\.breaker), at: .now(), on: screen))
        }
        if screen.isTerminal, let counts = list.counts {
            try Output.lines(["", BreakerListing.summary(counts, on: screen)])
        }
    }
}

/// Options that select breakers.
struct BreakerFilterOptions: ParsableArguments {
    @Option(help: "Only breakers in this state: closed, open or half_open.")
    var state: String?

    @Option(help: ArgumentHelp("Only breakers whose names begin with this prefix.", valueName: "text"))
    var prefix: String?

    @Option(
        help: ArgumentHelp(
            "Only breakers with this override: force_open, force_closed, shadow, any or none.",
            valueName: "mode"
        )
    )
    var override: String?

    var query: OperatorClient.Query { [("state", state), ("prefix", prefix), ("override", override)] }
    var isEmpty: Bool { state == nil && prefix == nil && override == nil }
}

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
        let timeline = try await client.get(Paths.transitions(name), [("page_size", "10")])
        let list: TransitionListDocument<TransitionDocument> = try timeline.decoded()
        let page = BreakerPage(
            breaker: try reply.decoded(),
            explanation: try explanation.decoded(),
            now: reply.now,
            transitions: list.transitions
        )
        try await client.printName(on: .standardOutput)
        try Output.lines(page.lines(on: .standardOutput))
    }
}
