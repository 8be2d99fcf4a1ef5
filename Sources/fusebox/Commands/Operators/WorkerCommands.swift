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

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command under a breaker: acquire, run, report the outcome.",
        usage: "fusebox run [options] <name> -- <command> [<argument> ...]",
        discussion: """
            The command uses the standard streams of `fusebox run`. Exit code 0 is reported as a success. Any other \
            exit code is a failure: the kind of exit code 3 is exit_3. An end by a signal is a failure too: the kind \
            of signal 9 is signal_9. The duration is reported too. Signals that interrupt `fusebox run` are passed on \
            to the command; if the command then fails, it counts as ignored.

            Exit codes:
              75        denied; the command was not run
              126, 127  the command cannot be run, or does not exist
              128 + n   signal n ended the command
              else      the exit code of the command

            FUSEBOX_TOKEN is removed from the command's environment unless --pass-token is given.

            A probe has a lease (probe_lease_ms of the policy). If the command outlives it, its outcome does not count.

            Example, in a crontab:
              */5 * * * *  fusebox run billing -- /usr/local/bin/sync-invoices
            """
    )

    enum WithoutDecision: String, ExpressibleByArgument, CaseIterable { case allow, deny }

    @Option(help: ArgumentHelp("The reporter. (default: the host's name and the process id)", valueName: "name"))
    var reporter: String?

    @Option(
        help: ArgumentHelp(
            "What to do if the server makes no decision: allow, or deny with exit code 75.",
            valueName: "what"
        )
    )
    var unreachable = WithoutDecision.allow

    @Option(
        help: ArgumentHelp(
            "An exit code that is not the downstream's fault, to report as ignored; can be given several times.",
            valueName: "code"
        )
    )
    var ignoreExit: [Int32] = []

    @Flag(help: "Keep FUSEBOX_TOKEN in the command's environment.")
    var passToken = false

    @Argument(help: "The name of the breaker.")
    var name: String

    @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.")
    var command: [String] = []

    @OptionGroup(title: "Server options") var server: ServerOptions

    func validate() throws {
        guard !command.isEmpty else {
            throw ValidationError("the command is missing; give it after --: fusebox run NAME -- COMMAND")
        }
        guard ignoreExit.allSatisfy({ (1...255).contains($0) }) else {
            throw ValidationError("--ignore-exit must be 1 to 255")
        }
    }

    func run() async throws {
        let address = try server.address()
        // The command does not need the token, and might print it.
        if !passToken { unsetenv("FUSEBOX_TOKEN") }
        let run = GuardedRun(
            address: address,
            breaker: name,
            command: ChildCommand(words: command),
            reporter: reporter ?? "\(ProcessInfo.processInfo.hostName):\(ProcessInfo.processInfo.processIdentifier)",
            ignoredExits: Set(ignoreExit),
            runsWithoutDecision: unreachable == .allow
        )
        throw ExitCode(await run.run())
    }
}
