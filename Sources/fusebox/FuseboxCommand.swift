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
              fusebox serve                         a server on this machine
              fusebox list                          what needs a look first
              fusebox show payments                 why one is as it is, and what comes
              fusebox open payments --reason "provider maintenance" --for 30m

            Environment:
              FUSEBOX_URL       the server, like http://127.0.0.1:7979
              FUSEBOX_TOKEN     the secret of a token
              FUSEBOX_CONTEXT   the name of a context; FUSEBOX_CONTEXTS is their file
              NO_COLOR          no colours on a terminal

            Exit codes: 0 done, 1 failed, 64 wrong usage; `check` and `run` have their own. What goes wrong is told on \
            standard error, with --json as a problem document.
            """,
        version: BuildVersion.current,
        groupedSubcommands: [
            CommandGroup(
                name: "Server",
                subcommands: [
                    ServeCommand.self, HealthCommand.self, BackupCommand.self, TokenCommand.self, DemoCommand.self,
                    DemoWorkerCommand.self,
                ]
            ),
            CommandGroup(
                name: "Seeing",
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
        } catch {
            CommandFailure.end(with: error)
        }
    }
}
