import ArgumentParser
import BreakerAPI
import BreakerCore
import BreakerText
import Foundation
import NIOCore
import NIOHTTP1

struct ForceOpenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "force-open",
        abstract: "Deny all calls, whatever workers report (override force_open).",
        usage: "fusebox force-open " + OverrideOrder.usage,
        discussion: """
            When the override expires or `fusebox clear` clears it, one probe decides, so workers do not stampede.

            Example: fusebox force-open payments --reason "provider maintenance" --for 30m
            """
    )

    @OptionGroup var order: OverrideOrder

    func run() async throws { try await order.set("force_open") }
}

struct ForceClosedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "force-closed",
        abstract: "Allow all calls, whatever workers report (override force_closed).",
        usage: "fusebox force-closed " + OverrideOrder.usage,
        discussion: """
            While the override is in force, the breaker protects nothing. To close a breaker and keep it automatic, \
            use `fusebox reset`.

            Example: fusebox force-closed payments --reason "health check is wrong, fix under way" --for 10m
            """
    )

    @OptionGroup var order: OverrideOrder

    func run() async throws { try await order.set("force_closed") }
}

struct ShadowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shadow",
        abstract: "Allow all calls, and mark those that would be denied (override shadow).",
        usage: "fusebox shadow " + OverrideOrder.usage,
        discussion: """
            The breaker changes its state as usual. A call that it would deny is allowed with "would_deny": true. Use \
            this override to try a policy without denying calls.

            Example: fusebox shadow search --reason "trying a rate rule" --for 1d
            """
    )

    @OptionGroup var order: OverrideOrder

    func run() async throws { try await order.set("shadow") }
}

/// The arguments of an override: the breaker, the reason and the duration.
struct OverrideOrder: ParsableArguments {
    static let usage =
        "(<name> | --prefix <text> [--yes]) --reason <text> [--for <duration>] [--create] [--json]"

    @Argument(help: "The name of the breaker.")
    var name: String?

    @Option(help: ArgumentHelp("Override all breakers whose names begin with this prefix.", valueName: "text"))
    var prefix: String?

    @Flag(help: "Override without asking for confirmation.")
    var yes = false

    @Option(help: ArgumentHelp("The reason, for the operator on call.", valueName: "text"))
    var reason: String

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "How long the override lasts: 90s, 30m, 2h, 1d, or never for no end. (default: 1h)",
            valueName: "duration"
        )
    )
    var duration: String?

    @Flag(help: "Create the breaker if no worker has used its name.")
    var create = false

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func validate() throws {
        guard (name == nil) != (prefix == nil) else { throw ValidationError("Give either a name or --prefix.") }
        if prefix?.isEmpty == true { throw ValidationError("The prefix must not be empty.") }
        if prefix != nil, create { throw ValidationError("--create needs a name.") }
        guard reason.contains(where: { !$0.isWhitespace }) else { throw ValidationError("--reason must not be empty") }
        _ = try expiry()
    }

    /// - Returns: milliseconds; `nil` for an override without an end.
    private func expiry() throws -> Int64? {
        guard let duration else { return Limits.defaultOverrideMs }
        if duration == "never" { return nil }
        guard let ms = DurationText.parse(duration), Limits.overrideMs.contains(ms) else {
            throw ValidationError(
                "--for must be a duration such as 90s, 30m, 2h or 1d, from 1s to 365d, or never; not \(duration)"
            )
        }
        return ms
    }

    func set(_ mode: String) async throws {
        let order = OverrideOrderDocument(mode: mode, reason: reason, expiresInMs: try expiry())
        let client = OperatorClient(address: try server.address())
        if let prefix { return try await set(order, prefix: prefix, client) }
        guard let name else { return }
        let reply = try await client.send(
            .PUT,
            Paths.override(name),
            create ? [("create", "true")] : [],
            body: Data(order.bytes)
        )
        try BreakerLine.print(reply, asJSON: output.json)
    }

    /// Overrides the breakers one by one, except those that were deleted meanwhile. If one fails, the earlier ones stay
    /// overridden, and a remark says how many.
    private func set(_ order: OverrideOrderDocument, prefix: String, _ client: OperatorClient) async throws {
        let document = try await client.list(Paths.breakers, [("prefix", prefix)], key: "breakers") { _ in }
        let list = try OperatorClient.Reply(body: document).decoded(as: BreakerListDocument.self)
        let names = list.breakers.map(\.breaker.name)
        let total = names.count == 1 ? "1 breaker" : "\(names.count) breakers"
        if !yes {
            let question = "Set \(order.mode) for \(total) whose names begin with \(prefix.printable)?"
            guard try await client.isConfirmed(question) else { throw ExitCode.failure }
        }
        var count = 0
        for name in names {
            do {
                _ = try await client.send(.PUT, Paths.override(name), body: Data(order.bytes))
                count += 1
            } catch let problem as ServerProblem where problem.status == 404 {
                Output.remark("\(name) no longer exists")
            } catch {
                Output.remark("\(count) of \(total) overridden; \(name) failed")
                throw error
            }
        }
        if output.json { return try Output.line(OperatorJSON.text(["overridden": count])) }
        try Output.line(count == names.count ? "\(total) overridden" : "\(count) of \(total) overridden")
    }
}

/// The output line with a breaker's state after an override or its removal.
enum BreakerLine {
    static func print(_ reply: OperatorClient.Reply, asJSON: Bool) throws {
        if asJSON { return try Output.line(OperatorJSON.text(reply.body)) }
        try Output.line(text(try reply.decoded(), at: reply.now, on: .standardOutput))
    }

    /// "payments: open, force_open by ops until 2026-11-24 16:20:31Z (30 min): provider maintenance".
    static func text(_ breaker: BreakerDocument, at now: Instant, on screen: Screen) -> String {
        let state = screen.paint(breaker.state, breaker.stateCell.style)
        let start = "\(screen.paint(breaker.name.printable, .strong)): \(state)"
        guard let override = breaker.override else {
            let next = breaker.next(at: now)
            return start + ", automatic" + (next.isEmpty ? "" : ", \(next)")
        }
        let end =
            override.expiresAt.map { "until \(TimestampText.seconds($0)) (\(remaining(until: $0, at: now)))" }
            ?? "until it is cleared"
        return
            "\(start), \(screen.paint(override.mode, .ordered)) by \(override.actor.printable) \(end): \(override.reason.printable)"
    }
}

struct ClearCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "Clear the override; the breaker is automatic again.",
        usage: "fusebox clear <name> [--json]",
        discussion: """
            After force_open, one probe decides. If no override is in force, nothing changes.

            Example: fusebox clear payments
            """
    )

    @OptionGroup var order: ClearOrder

    func run() async throws { try await order.clear() }
}

/// The arguments of the command that clears an override.
struct ClearOrder: ParsableArguments {

    @Argument(help: "The name of the breaker.")
    var name: String

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func clear() async throws {
        let client = OperatorClient(address: try server.address())
        let reply = try await client.send(.DELETE, Paths.override(name))
        try BreakerLine.print(reply, asJSON: output.json)
    }
}

struct ResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Close a breaker and reset its counts, or make it probe at once.",
        usage: "fusebox reset <name> [--to <state>] [--json]",
        discussion: """
            A reset does not clear an override. It is refused under force_open, and with --to half_open also under \
            force_closed.

            Example: fusebox reset payments --to half_open
            """
    )

    @Argument(help: "The name of the breaker.")
    var name: String

    @Option(
        help: ArgumentHelp("The new state: closed, or half_open to make the next call a probe.", valueName: "state")
    )
    var to = "closed"

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        let client = OperatorClient(address: try server.address())
        let reply = try await client.send(.POST, Paths.reset(name), [("to", to)])
        try BreakerLine.print(reply, asJSON: output.json)
    }
}

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a breaker, or all breakers whose names begin with a prefix.",
        usage: "fusebox delete (<name> | --prefix <text>) [--yes] [--json]",
        discussion: """
            The breaker's policy, failures, transitions and report ids are deleted with it; its entries in the audit \
            stay. If a worker acquires the name again, a new breaker is created. The command asks for confirmation \
            before it deletes anything, unless --yes is given; with --prefix it prints the number of breakers.

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
            if !yes { try await confirm(question(prefix, client), client) }
            let reply = try await client.send(.DELETE, Paths.breakers, [("prefix", prefix)], within: .minutes(10))
            count = try reply.decoded(as: DeletedDocument.self).deleted
        } else if let name {
            if !yes { try await confirm("Delete the breaker \(name.printable)?", client) }
            _ = try await client.send(.DELETE, Paths.breaker(name))
        }
        if output.json { return try Output.line(OperatorJSON.text(["deleted": count])) }
        try Output.line("\(Self.breakers(count)) deleted")
    }

    private func confirm(_ question: String, _ client: OperatorClient) async throws {
        guard try await client.isConfirmed(question) else { throw ExitCode.failure }
    }

    private func question(_ prefix: String, _ client: OperatorClient) async throws -> String {
        let reply = try await client.get(Paths.breakers, [("prefix", prefix), ("page_size", "1")])
        guard let total = try reply.decoded(as: BreakerListDocument.self).counts?.total else {
            throw ServerFailure(description: "the server sent a list without counts")
        }
        return "Delete \(Self.breakers(total)) whose names begin with \(prefix.printable)?"
    }

    private static func breakers(_ count: Int) -> String { count == 1 ? "1 breaker" : "\(count) breakers" }
}
