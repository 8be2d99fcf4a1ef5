import ArgumentParser
import BreakerAPI
import BreakerClient
import BreakerCore
import BreakerText
import Foundation

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check whether a call would be allowed; the exit code is the answer.",
        usage: "fusebox check <name> [--json]",
        discussion: """
            Exit codes:
              0  allowed; also if there is no breaker of this name, with a warning
              1  denied
              2  no decision: the server is unreachable, or refuses the request

            The command acquires as a worker does, but creates no breaker. If it gets a probe, it gives the probe back \
            at once as ignored, so that the next worker gets it; for that moment other workers are denied. Use \
            `fusebox run` to let the outcome of the call decide.

            Example: fusebox check payments && charge-customers
            """
    )

    @Argument(help: "The name of the breaker.")
    var name: String

    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Server options") var server: ServerOptions

    private static let denied = ExitCode(1)
    private static let noDecision = ExitCode(2)

    func run() async throws {
        let decision: DecisionDocument
        do {
            let address = try server.address()
            let client = address.client
            decision = try await address.reached { try await Self.acquire(name, client) }
            if decision.leaseMs != nil {
                _ = try await address.reached { try await client.report("ignored", to: name, permit: decision.permit) }
            }
        } catch {
            CommandFailure.report(error)
            throw Self.noDecision
        }
        if output.json {
            try Output.line(OperatorJSON.text(Data(decision.bytes)))
        } else {
            try Output.line("\(name): \(decision.words)".printable)
        }
        if !decision.allowed { throw Self.denied }
    }

    /// Acquires without creating a breaker. A call under an unknown name is allowed, because a worker's acquire would
    /// create a closed breaker.
    private static func acquire(_ name: String, _ client: FuseboxClient) async throws -> DecisionDocument {
        do {
            return try await client.acquire(name, creates: false)
        } catch let error as FuseboxError where error.code == ProblemCode.unknownBreaker.rawValue {
            Output.remark("warning: \(error.detail); the first acquire by a worker creates it, closed")
            return DecisionDocument(.allowed(Permit(generation: 0), state: .closed))
        }
    }
}

extension DecisionDocument {
    /// "denied, open; retry in 28 s", "allowed, half_open".
    var words: String {
        guard allowed else {
            return "denied, \(state)" + (retryAfterMs.map { "; retry in \(LengthText.remaining(ms: $0))" } ?? "")
        }
        if wouldDeny == true { return "allowed, \(state); would be denied without the shadow override" }
        return "allowed, \(state)" + (leaseMs == nil ? "" : "; the probe was given back")
    }
}
