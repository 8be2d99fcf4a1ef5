import ArgumentParser
import Foundation

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command under a breaker: ask, run, report what became of it.",
        discussion: """
            Exit code 0 is a success, any other a failure of the kind exit_3, the end by a signal one of the kind \
            signal_9; how long it took is reported too. What interrupts `fusebox run` itself is passed on, and the \
            outcome is then ignored. The command has the standard streams to itself, and its exit code is passed on; \
            128 and the signal where one ended it. Where the breaker denies, the command is not run, and the exit code \
            is 75.

            A probe has a lease: a command that outlives it does not count (probe_lease_ms of the policy).

            Example, in a crontab:  */5 * * * *  fusebox run billing -- /usr/local/bin/sync-invoices
            """
    )

    enum WithoutDecision: String, ExpressibleByArgument, CaseIterable { case allow, deny }

    @OptionGroup var server: ServerOptions

    @Option(help: "Who reports. (default: the host's name and the process id)")
    var reporter: String?

    @Option(help: "What to do where Fusebox cannot be asked: allow, or deny with exit code 75.")
    var unreachable = WithoutDecision.allow

    @Option(help: "An exit code that is not the downstream's fault; may be given several times.")
    var ignoreExit: [Int32] = []

    @Argument(help: "The breaker.")
    var name: String

    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind --.")
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("the command is missing: fusebox run NAME -- command…") }
        guard ignoreExit.allSatisfy({ (1...255).contains($0) }) else {
            throw ValidationError("--ignore-exit is 1 to 255")
        }
    }

    func run() async throws {
        let run = GuardedRun(
            place: try server.place(),
            breaker: name,
            command: ChildCommand(words: command),
            reporter: reporter ?? "\(ProcessInfo.processInfo.hostName):\(ProcessInfo.processInfo.processIdentifier)",
            ignoredExits: Set(ignoreExit),
            runsWithoutDecision: unreachable == .allow
        )
        throw ExitCode(await run.run())
    }
}
