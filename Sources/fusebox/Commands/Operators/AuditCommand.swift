import ArgumentParser
import BreakerAPI
import Foundation

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
