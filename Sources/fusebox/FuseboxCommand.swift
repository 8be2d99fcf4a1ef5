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
              fusebox open payments --reason "provider maintenance" --for 30m

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
                    AuditCommand.self,
                ]
            ),
            CommandGroup(
                name: "Steering",
                subcommands: [
                    OpenCommand.self, CloseCommand.self, ShadowCommand.self, AutoCommand.self, ResetCommand.self,
                    DeleteCommand.self,
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
