import ArgumentParser

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Watch eight worker processes share one breaker through an outage, in 40 seconds.",
        discussion: """
            Starts a server on a temporary database, a downstream service that fails for a while, and eight worker \
            processes that acquire before every call and report after it, all over real HTTP on this machine.
            """
    )

    @Option(help: "The number of worker processes.")
    var workers = 8

    func validate() throws {
        guard (1...64).contains(workers) else { throw ValidationError("--workers must be 1 to 64") }
    }

    func run() async throws {
        try await Demo(workers: workers).run()
    }
}

/// Runs one of the demo's workers, in a process of its own.
struct DemoWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "demo-worker", shouldDisplay: false)

    @Option var fusebox: String
    @Option var downstream: String
    @Option var reporter: String

    func run() async throws {
        try await DemoWorker(fusebox: fusebox, downstream: downstream, reporter: reporter).run()
    }
}
