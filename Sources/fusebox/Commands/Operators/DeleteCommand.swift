import ArgumentParser
import BreakerAPI
import BreakerText
import Foundation
import NIOCore
import NIOHTTP1

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a breaker, or all breakers whose names begin with a prefix.",
        usage: "fusebox delete (<name> | --prefix <text>) [--yes] [--json]",
        discussion: """
            The breaker's policy, failures, transitions and report ids are deleted with it; its entries in the audit \
            stay. If a worker acquires the name again, a new breaker is created. With --prefix, the command prints the \
            number of breakers and asks for confirmation before it deletes them, unless --yes is given.

            Example: fusebox delete --prefix tmp: --yes
            """
    )

    @Argument(help: "The name of the breaker.")
    var name: String?

    @Option(help: ArgumentHelp("Delete all breakers whose names begin with this prefix.", valueName: "text"))
    var prefix: String?

    @Flag(help: "Delete without asking for confirmation.")
    var yes = false

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func validate() throws {
        guard (name == nil) != (prefix == nil) else { throw ValidationError("Give either a name or --prefix.") }
        if prefix?.isEmpty == true { throw ValidationError("The prefix must not be empty.") }
    }

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        var count = 1
        if let prefix {
            if !yes {
                guard try await isConfirmed(prefix, client) else { throw ExitCode.failure }
            }
            let reply = try await client.send(.DELETE, Paths.breakers, [("prefix", prefix)], within: .minutes(10))
            count = try reply.decoded(as: DeletedDocument.self).deleted
        } else if let name {
            _ = try await client.send(.DELETE, Paths.breaker(name))
        }
        if output.json { return try Output.line(OperatorJSON.text(["deleted": count])) }
        try Output.line("\(Self.breakers(count)) deleted")
    }

    private func isConfirmed(_ prefix: String, _ client: OperatorClient) async throws -> Bool {
        let reply = try await client.get(Paths.breakers, [("prefix", prefix), ("page_size", "1")])
        guard let total = try reply.decoded(as: BreakerListDocument.self).counts?.total else {
            throw ServerFailure(description: "the server sent a list without counts")
        }
        return try Confirmation.isGiven(
            "Delete \(Self.breakers(total)) whose names begin with \(prefix.printable)?"
        )
    }

    private static func breakers(_ count: Int) -> String { count == 1 ? "1 breaker" : "\(count) breakers" }
}
