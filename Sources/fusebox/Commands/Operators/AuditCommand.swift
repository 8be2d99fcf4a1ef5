import ArgumentParser
import BreakerAPI
import Foundation

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "List who ordered what: policies, overrides, resets and deletions, the newest first.",
        usage: "fusebox audit [options]",
        discussion: """
            On a terminal each order has its difference below it; elsewhere it is one line. With --json: a JSON object a \
            line, with all there is before and after, and all that match unless --limit is given.

            Examples:
              fusebox audit --breaker payments --from 1d
              fusebox audit --actor ops --action override_set
              fusebox audit --json > audit.ndjson
            """
    )

    @OptionGroup var period: PeriodOptions

    @Option(help: ArgumentHelp("Only orders over this breaker.", valueName: "name"))
    var breaker: String?

    @Option(help: ArgumentHelp("Only those over breakers whose names begin with this text.", valueName: "text"))
    var prefix: String?

    @Option(help: ArgumentHelp("Only this actor's: the name of a token.", valueName: "name"))
    var actor: String?

    @Option(help: "Only this action: policy, override_set, override_cleared, reset or delete.")
    var action: String?

    @Option(help: ArgumentHelp("How many at most. (default: 50; with --json all)", valueName: "n"))
    var limit: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Which server") var server: ServerOptions

    func validate() throws {
        guard limit ?? 1 > 0 else { throw ValidationError("--limit is at least 1") }
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
            progress.show("\(count) orders…")
        }
        progress.clear()
        let list = try OperatorClient.Reply(body: document).decoded(as: AuditListDocument.self)
        guard !list.audit.isEmpty else { return Output.remark("Nothing like that was ordered.") }
        try Output.lines(AuditListing.lines(list.audit, on: .standardOutput))
        if !list.nextPageToken.isEmpty { Output.remark("There are older ones: --limit \(limit * 10) shows more.") }
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
