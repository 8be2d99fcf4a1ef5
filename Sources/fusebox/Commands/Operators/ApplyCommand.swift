import ArgumentParser
import BreakerAPI
import BreakerCore
import Foundation

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Set the policies of breakers from a YAML file, and print the changes.",
        usage: "fusebox apply -f <file> [--dry-run] [--json]",
        discussion: """
            The file has the section `breakers` of a server's configuration:

              breakers:
                payments: { preset: flaky, policy: { success_threshold: 3 } }
                search: { policy: { failure_rate_threshold: 0.5 } }

            Absent fields have their defaults. The command checks the whole file and compares it with the server \
            before it changes anything, and then changes only the differences. If another operator changes a policy in \
            the meantime, the command leaves that breaker alone and reports it. Breakers that are not in the file stay \
            unchanged. An applied policy counts as set through the API: the server's configuration no longer changes it.

            Exit codes:
              0  the server has the policies of the file; with --dry-run, it would have them
              1  some changes were not made

            Example: fusebox apply -f policies.yaml --dry-run
            """
    )

    @Option(name: [.customShort("f"), .long], help: "The YAML file, or - for standard input.")
    var file: String

    @Flag(help: "Print the changes without making them.")
    var dryRun = false

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

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
            if dryRun { Output.remark("This was a dry run; nothing was changed.") }
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
            By default, the command exports the policies that were set through the API. The others come from the \
            server's configuration or are the defaults; --all exports them too. In both cases, applying the file at \
            once changes nothing.

            Example: fusebox export > policies.yaml
            """
    )

    @Flag(help: "Also export the policies that come from the server's configuration and defaults.")
    var all = false

    @Option(help: ArgumentHelp("Only breakers whose names begin with this prefix.", valueName: "text"))
    var prefix: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        var progress = Progress()
        defer { progress.clear() }
        let document = try await client.list(Paths.breakers, [("prefix", prefix)], key: "breakers") { count in
            progress.show("\(count) breakers…")
        }
        progress.clear()
        let breakers = try OperatorClient.Reply(body: document).decoded(as: BreakerListDocument.self)
            .breakers.map(\.breaker).filter { all || $0.policySource == "api" }
        if let name = breakers.first(where: { BreakerName($0.name) == nil })?.name {
            throw ServerFailure(description: "the server sent an invalid breaker name: \(name)")
        }
        if output.json {
            let policies = breakers.map { breaker in
                (breaker.name, ["policy": breaker.policy.values.mapValues { $0 as Any? ?? NSNull() }])
            }
            return try Output.line(
                OperatorJSON.text(["breakers": Dictionary(policies, uniquingKeysWith: { first, _ in first })])
            )
        }
        try Output.write(PolicyFile.text(try breakers.map { ($0.name, try Policy($0.policy)) }))
        if breakers.isEmpty, !all { Output.remark("No policies were set through the API; --all exports the others.") }
    }
}
