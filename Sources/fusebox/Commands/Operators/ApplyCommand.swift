import ArgumentParser
import BreakerAPI
import BreakerCore
import Foundation
import NIOCore
import NIOHTTP1

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Set the policies of breakers from a YAML file, and print the changes.",
        usage: "fusebox apply -f <file> [--dry-run] [--plan <hash>] [--json]",
        discussion: """
            The file has the section `breakers` of a server's configuration:

              breakers:
                payments: { preset: flaky, policy: { success_threshold: 3 } }
                search: { policy: { failure_rate_threshold: 0.5 } }

            Absent fields have their defaults. The command checks the whole file and sends it in one request. The \
            server makes all changes or none. Breakers that are not in the file stay unchanged. An applied policy \
            counts as set through the API: the server's configuration no longer changes it.

            --dry-run prints the changes and the hash of this plan, and changes nothing. With --plan and this hash, a \
            later apply makes these changes only if no other operator changed the policies of these breakers in the \
            meantime. Otherwise it changes nothing, and names the breakers that differ.

            Durations may have units (30s, 1h30m), and shares may be percentages (50%). The command warns about rules \
            that shadow each other, fields without effect, and openings that a change does not shorten or lengthen.

            Exit codes:
              0  the server has the policies of the file; with --dry-run, it would have them
              1  the changes were not made, or the server did not answer

            Example: fusebox apply -f policies.yaml --dry-run
            """
    )

    @Option(name: [.customShort("f"), .long], help: "The YAML file, or - for standard input.")
    var file: String

    @Flag(help: "Print the changes without making them.")
    var dryRun = false

    @Option(help: ArgumentHelp("Change nothing unless the policies are those of this plan.", valueName: "hash"))
    var plan: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        let file = try PolicyFile.read(file)
        let client = OperatorClient(address: try server.address())
        let reply = try await client.send(
            .POST,
            Paths.policies,
            [("dry_run", dryRun ? "true" : nil), ("plan", plan)],
            body: Data(file.order.bytes),
            within: .minutes(2)
        )
        if output.json { return try Output.line(OperatorJSON.text(reply.body)) }
        let answer = try reply.decoded(as: PolicyPlanDocument.self)
        let names = file.policies.map { $0.name.value }
        try Output.lines(PolicyPlanListing.lines(answer, in: names, on: .standardOutput))
        for item in answer.warnings {
            for warning in item.warnings { Output.remark("warning: \(item.name): \(warning.detail)") }
        }
        if dryRun {
            Output.remark("This was a dry run; nothing was changed. To apply this plan: --plan \(answer.plan)")
        }
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
