import ArgumentParser
import BreakerAPI

@main
struct Fusebox: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fusebox",
        abstract: "One authoritative circuit breaker for each downstream service, shared by all workers.",
        version: BuildVersion.current,
        subcommands: [
            ServeCommand.self,
            HealthCommand.self,
            BackupCommand.self,
            TokenCommand.self,
            DemoCommand.self,
            DemoWorkerCommand.self,
            VersionCommand.self,
        ]
    )
}
