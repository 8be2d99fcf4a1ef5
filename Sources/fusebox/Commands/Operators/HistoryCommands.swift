import ArgumentParser
import BreakerAPI
import BreakerText
import Foundation

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the outcomes of a breaker's calls over time.",
        usage: "fusebox history <name> [--from <time>] [--to <time>] [--step <duration>] [--json]",
        discussion: """
            Successes and failures are counts of workers' reports; allowed and denied are counts of the server's \
            decisions. On a terminal, each step has a bar, and steps without calls are left out. Elsewhere, each step \
            has a line. The counts of each minute are kept for 7 days.

            Examples:
              fusebox history payments
              fusebox history payments --from 1d --step 15m
            """
    )

    @Argument(help: "The name of the breaker.")
    var name: String

    @OptionGroup var period: PeriodOptions

    @Option(
        help: ArgumentHelp(
            "The length of a step: 1m, 5m, 1h, 1d. (default: the shortest with at most 60 steps)",
            valueName: "duration"
        )
    )
    var step: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    private static let steps = ["1m", "2m", "5m", "10m", "15m", "30m", "1h", "2h", "3h"]
    private static let mostSteps: Int64 = 60

    /// The server's own default period is an hour.
    private var wantedStep: String {
        if let step { return step }
        let lengthMs = period.lengthMs ?? 3_600_000
        let shortest = Self.steps.first { (DurationText.parse($0) ?? 0) * Self.mostSteps >= lengthMs }
        return shortest ?? Self.steps.last ?? "1m"
    }

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        let query = period.closedQuery + [("step", wantedStep)]
        let reply = try await client.get(Paths.history(name), query)
        if output.json { return try Output.line(OperatorJSON.text(reply.body)) }
        let history: HistoryDocument = try reply.decoded()
        let screen = Screen.standardOutput
        if screen.isTerminal, history.points.allSatisfy(\.isEmpty) {
            return Output.remark("\(name.printable) had no calls in this period.")
        }
        try Output.lines(HistoryTable(history: history).lines(on: screen))
    }
}

/// The arguments of a command that lists the newest rows of a breaker's log.
struct LogArguments: ParsableArguments {
    @Argument(help: "The name of the breaker.")
    var name: String

    @Option(help: ArgumentHelp("The maximum number of rows to list, 1 to 1000.", valueName: "n"))
    var limit = 20

    @OptionGroup var output: OutputOptions

    var query: [(String, String)] { [("page_size", "\(limit)")] }

    func validate() throws {
        guard (1...1_000).contains(limit) else { throw ValidationError("--limit must be 1 to 1000") }
    }
}

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

    @OptionGroup var log: LogArguments
    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        let reply = try await client.get(Paths.failures(log.name), log.query)
        let summary = try await client.get(Paths.failureSummary(log.name))
        if log.output.json { return try Output.line(OperatorJSON.text(reply.body, with: ["summary": summary.body])) }
        let list: FailureListDocument = try reply.decoded()
        guard !list.failures.isEmpty else { return Output.remark("\(log.name.printable) has no failures.") }
        let screen = Screen.standardOutput
        try Output.lines(FailureSummaryTable.lines(try summary.decoded(), on: screen) + [""])
        try Output.lines(FailureListing.lines(list.failures, at: reply.now, on: screen))
    }
}

struct TransitionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transitions",
        abstract: "List a breaker's transitions, newest first.",
        usage: "fusebox transitions <name> [--limit <n>] [--json]",
        discussion: """
            Each line has the time, the states before and after, the operator who ordered the transition, if any, and \
            the cause. The server keeps a limited number of transitions.

            Example: fusebox transitions payments --limit 50
            """
    )

    @OptionGroup var log: LogArguments
    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        let reply = try await client.get(Paths.transitions(log.name), log.query)
        if log.output.json { return try Output.line(OperatorJSON.text(reply.body)) }
        let list: TransitionListDocument<TransitionDocument> = try reply.decoded()
        guard !list.transitions.isEmpty else { return Output.remark("\(log.name.printable) has no transitions.") }
        try Output.lines(TransitionListing.lines(list.transitions, on: .standardOutput))
    }
}

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "List the changes that operators made, newest first: policies, overrides, resets and deletions.",
        usage: "fusebox audit [options]",
        discussion: """
            On a terminal, the changed values of each entry are below it. Elsewhere, each entry is one line. With \
            --json, each line is a JSON object with everything before and after the change, and all matching entries \
            are printed unless --limit is given.

            Examples:
              fusebox audit --breaker payments --from 1d
              fusebox audit --actor ops --action override_set
              fusebox audit --json > audit.ndjson
            """
    )

    @OptionGroup var period: PeriodOptions

    @Option(help: ArgumentHelp("Only entries of this breaker.", valueName: "name"))
    var breaker: String?

    @Option(help: ArgumentHelp("Only entries of breakers whose names begin with this prefix.", valueName: "text"))
    var prefix: String?

    @Option(help: ArgumentHelp("Only entries of this actor, which is the name of a token.", valueName: "name"))
    var actor: String?

    @Option(help: "Only entries with this action: policy, override_set, override_cleared, reset or delete.")
    var action: String?

    @Option(help: ArgumentHelp("The maximum number of entries. (default: 50; with --json, all)", valueName: "n"))
    var limit: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func validate() throws {
        guard limit ?? 1 > 0 else { throw ValidationError("--limit must be at least 1") }
    }

    private var query: OperatorClient.Query {
        [("breaker", breaker), ("prefix", prefix), ("actor", actor), ("action", action)] + period.query
    }

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        if output.json { return try await export(from: client) }
        var progress = Progress()
        defer { progress.clear() }
        let limit = limit ?? 50
        let document = try await client.list(Paths.audit, query, key: "audit", limit: limit) { count in
            progress.show("\(count) entries…")
        }
        progress.clear()
        let list = try OperatorClient.Reply(body: document).decoded(as: AuditListDocument.self)
        guard !list.audit.isEmpty else { return Output.remark("No entries match.") }
        try Output.lines(AuditListing.lines(list.audit, on: .standardOutput))
        if !list.nextPageToken.isEmpty { Output.remark("There are older entries; --limit \(limit * 10) shows more.") }
    }

    private func export(from client: OperatorClient) async throws {
        var rest = limit ?? .max
        try await client.lines(Paths.audit, query) { line in
            try Output.json(line)
            rest -= 1
            return rest > 0
        }
    }
}
