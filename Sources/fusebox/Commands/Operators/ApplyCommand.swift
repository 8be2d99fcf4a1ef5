import ArgumentParser
import BreakerAPI
import BreakerCore
import Foundation

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Give breakers the policies of a YAML file, and print what that changes.",
        usage: "fusebox apply -f <file> [--dry-run] [--json]",
        discussion: """
            The file has the section `breakers` of a server's configuration:

              breakers:
                payments: { preset: flaky, policy: { success_threshold: 3 } }
                search: { policy: { failure_rate_threshold: 0.5 } }

            A field that is absent has its default. The whole file is checked and compared with the server before \
            anything changes; then only what differs is changed, and a breaker whose policy somebody else changed \
            meanwhile is left alone and told. Breakers that the file does not name are not touched. A policy that is \
            applied belongs to the API from then on: the server's configuration does not change it any more.

            Exit codes:
              0  the server has the policies of the file, or would have
              1  not everything was done

            Example: fusebox apply -f policies.yaml --dry-run
            """
    )

    @Option(name: [.customShort("f"), .long], help: "The YAML file; - for standard input.")
    var file: String

    @Flag(help: "Print what would change, and change nothing.")
    var dryRun = false

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Which server") var server: ServerOptions

    func run() async throws {
        let file = try PolicyFile.read(file)
        let client = OperatorClient(address: try server.address())
        let total = file.policies.count
        var progress = Progress()
        defer { progress.clear() }
        var plan = try await PolicyPlan(file, on: client) { progress.show("compared \($0) of \(total)…") }
        if !dryRun {
            let total = plan.changes.count
            await plan.apply(on: client) { progress.show("changed \($0) of \(total)…") }
        }
        progress.clear()
        if output.json {
            try Output.line(OperatorJSON.text(plan.document))
        } else {
            try Output.lines(plan.lines(on: .standardOutput))
            if dryRun { Output.remark("A dry run: nothing was changed.") }
        }
        guard plan.isComplete else { throw ExitCode.failure }
    }
}

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print the policies of breakers as a file that `apply` reads.",
        usage: "fusebox export [--all] [--prefix <text>] [--json]",
        discussion: """
            Those that were set through the API are exported; the others come from the server's configuration or are \
            the defaults. --all exports every breaker's. Either way, applying the file at once changes nothing.

            Example: fusebox export > policies.yaml
            """
    )

    @Flag(help: "Also the policies that come from the server's configuration and defaults.")
    var all = false

    @Option(help: ArgumentHelp("Only breakers whose names begin with this text.", valueName: "text"))
    var prefix: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Which server") var server: ServerOptions

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        var progress = Progress()
        defer { progress.clear() }
        let document = try await client.list(Paths.breakers, [("prefix", prefix)], key: "breakers") { count in
            progress.show("\(count) breakers…")
        }
        progress.clear()
        let breakers = try OperatorClient.Reply(body: document).decoded(as: BreakerListDocument.self)
            .breakers.filter { all || $0.policySource == "api" }
        if let name = breakers.first(where: { BreakerName($0.name) == nil })?.name {
            throw ServerFailure(description: "the server has a breaker whose name is none: \(name)")
        }
        if output.json {
            let policies = breakers.map { breaker in
                (breaker.name, ["policy": breaker.policy.mapValues { $0 as Any? ?? NSNull() }])
            }
            return try Output.line(
                OperatorJSON.text(["breakers": Dictionary(policies, uniquingKeysWith: { first, _ in first })])
            )
        }
        try Output.write(PolicyFile.text(try breakers.map { ($0.name, try Policy($0.policy)) }))
        if breakers.isEmpty, !all { Output.remark("No policy was set through the API; --all exports the others.") }
    }
}
