import ArgumentParser
import Foundation

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command under a breaker: ask, run, report what became of it.",
        usage: "fusebox run [options] <name> -- <command> [<argument> ...]",
        discussion: """
            The command has the standard streams to itself. If it exits with 0 that is reported as a success, any other \
            code as a failure of the kind exit_3, an end by a signal as one of the kind signal_9; how long it took is \
            reported too. What interrupts `fusebox run` itself is passed on to the command, and a command that fails \
            upon it counts as ignored.

            Exit codes:
              75        denied, so that the command was not run
              126, 127  the command cannot be run, or is not there
              128 + n   signal n ended the command
              else      the command's own

            FUSEBOX_TOKEN is removed from the command's environment unless --pass-token is given.

            A probe has a lease: a command that outlives it does not count (probe_lease_ms of the policy).

            Example, in a crontab:
              */5 * * * *  fusebox run billing -- /usr/local/bin/sync-invoices
            """
    )

    enum WithoutDecision: String, ExpressibleByArgument, CaseIterable { case allow, deny }

    @Option(help: ArgumentHelp("Who reports. (default: the host's name and the process id)", valueName: "name"))
    var reporter: String?

    @Option(help: ArgumentHelp("What to do where Fusebox cannot be asked: allow, or deny with 75.", valueName: "what"))
    var unreachable = WithoutDecision.allow

    @Option(
        help: ArgumentHelp(
            "An exit code that is not the downstream's fault; may be given several times.",
            valueName: "code"
        )
    )
    var ignoreExit: [Int32] = []

    @Flag(help: "Leave FUSEBOX_TOKEN in the command's environment.")
    var passToken = false

    @Argument(help: "The breaker.")
    var name: String

    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind --.")
    var command: [String] = []

    @OptionGroup(title: "Which server") var server: ServerOptions

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("the command is missing: fusebox run NAME -- command…") }
        guard ignoreExit.allSatisfy({ (1...255).contains($0) }) else {
            throw ValidationError("--ignore-exit is 1 to 255")
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
