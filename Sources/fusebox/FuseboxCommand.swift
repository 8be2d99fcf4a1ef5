import ArgumentParser
import BreakerAPI

@main
struct FuseboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fusebox",
        abstract: "One authoritative circuit breaker for each downstream service, shared by all workers.",
        usage: "fusebox <subcommand> [options]",
        discussion: """
            To begin:
              fusebox serve                         run a server on this machine
              fusebox list                          list breakers, those that need attention first
              fusebox show payments                 show why a breaker is in its state, and what comes next
              fusebox force-open payments --reason "provider maintenance" --for 30m

            Environment:
              FUSEBOX_URL       the URL of the server, such as http://127.0.0.1:7979
              FUSEBOX_TOKEN     the secret of a token
              FUSEBOX_CONTEXT   the name of a context
              FUSEBOX_CONTEXTS  the path of the contexts file
              NO_COLOR          if set, the terminal output has no colours

            Exit codes: 0 success, 1 failure, 64 wrong usage; `check` and `run` have exit codes of their own. Errors \
            are printed on standard error, with --json as problem documents.
            """,
        version: BuildVersion.current,
        groupedSubcommands: [
            CommandGroup(
                name: "Server",
                subcommands: [
                    ServeCommand.self, HealthCommand.self, BackupCommand.self, RestoreCommand.self, TokenCommand.self,
                    DemoCommand.self, DemoWorkerCommand.self,
                ]
            ),
            CommandGroup(
                name: "Monitoring",
                subcommands: [
                    ListCommand.self, ShowCommand.self, WatchCommand.self, HistoryCommand.self, FailuresCommand.self,
                    TransitionsCommand.self, AuditCommand.self,
                ]
            ),
            CommandGroup(
                name: "Steering",
                subcommands: [
                    ForceOpenCommand.self, ForceClosedCommand.self, ShadowCommand.self, ClearCommand.self,
                    ResetCommand.self, DeleteCommand.self, OpenCommand.self, CloseCommand.self, AutoCommand.self,
                ]
            ),
            CommandGroup(name: "Policy", subcommands: [ApplyCommand.self, ExportCommand.self]),
            CommandGroup(name: "Scripting", subcommands: [CheckCommand.self, RunCommand.self]),
            CommandGroup(
                name: "Other",
                subcommands: [ContextCommand.self, CompletionCommand.self, VersionCommand.self]
            ),
        ]
    )

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            LogWriter.standardError.flush()
        } catch {
            CommandFailure.end(with: error)
        }
    }
}

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a script that makes your shell complete the commands and options of fusebox.",
        discussion: """
            Examples:
              source <(fusebox completion bash)          # in ~/.bashrc
              fusebox completion zsh > ~/.zfunc/_fusebox # a folder of your fpath
              fusebox completion fish > ~/.config/fish/completions/fusebox.fish
            """
    )

    @Argument(help: "The shell: bash, zsh or fish.")
    var shell: String

    func validate() throws {
        guard CompletionShell(rawValue: shell) != nil else {
            throw ValidationError("the shell must be bash, zsh or fish, not \(shell)")
        }
    }

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else { preconditionFailure("\(shell) was validated") }
        try Output.write(FuseboxCommand.completionScript(for: shell))
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() {
        print("fusebox \(BuildVersion.current)")
    }
}
