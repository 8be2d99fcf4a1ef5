import ArgumentParser
import BreakerAPI
import BreakerCore
import BreakerText
import Foundation
import NIOHTTP1

struct OpenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Deny all calls, whatever workers report (override force_open).",
        usage: "fusebox open <name> --reason <text> [--for <duration>] [--json]",
        discussion: """
            When the override expires or `fusebox auto` clears it, one probe decides, so workers do not stampede.

            Example: fusebox open payments --reason "provider maintenance" --for 30m
            """
    )

    @OptionGroup var order: OverrideOrder

    func run() async throws { try await order.set("force_open") }
}

struct CloseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close",
        abstract: "Allow all calls, whatever workers report (override force_closed).",
        usage: "fusebox close <name> --reason <text> [--for <duration>] [--json]",
        discussion: """
            While the override is in force, the breaker protects nothing. To close a breaker and keep it automatic, \
            use `fusebox reset`.

            Example: fusebox close payments --reason "health check is wrong, fix under way" --for 10m
            """
    )

    @OptionGroup var order: OverrideOrder

    func run() async throws { try await order.set("force_closed") }
}

struct ShadowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shadow",
        abstract: "Allow all calls, and mark those that would be denied (override shadow).",
        usage: "fusebox shadow <name> --reason <text> [--for <duration>] [--json]",
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

    @Argument(help: "The name of the breaker.")
    var name: String

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

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    func validate() throws {
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
        let reply = try await OperatorClient(address: try server.address()).send(
            .PUT,
            Paths.override(name),
            body: Data(order.bytes)
        )
        try BreakerLine.print(reply, asJSON: output.json)
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
