import ArgumentParser
import BreakerAPI

@main
struct Fusebox: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fusebox",
        abstract: "One authoritative circuit breaker for each downstream service, shared by all workers.",
        version: BuildVersion.current,
        groupedSubcommands: [
            CommandGroup(
                name: "Server:",
                subcommands: [
                    ServeCommand.self, HealthCommand.self, BackupCommand.self, TokenCommand.self, DemoCommand.self,
                    DemoWorkerCommand.self,
                ]
            ),
            CommandGroup(
                name: "See what is open, and why:",
                subcommands: [
                    ListCommand.self, ShowCommand.self, WatchCommand.self, FailuresCommand.self, AuditCommand.self,
                ]
            ),
            CommandGroup(
                name: "Steer:",
                subcommands: [
                    OpenCommand.self, CloseCommand.self, ShadowCommand.self, AutoCommand.self, ResetCommand.self,
                ]
            ),
            CommandGroup(name: "Policies as a file:", subcommands: [ApplyCommand.self, ExportCommand.self]),
            CommandGroup(name: "Scripts and cron jobs:", subcommands: [CheckCommand.self, RunCommand.self]),
            CommandGroup(
                name: "This program:",
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
