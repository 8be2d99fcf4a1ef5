import ArgumentParser
import BreakerAPI
import BreakerClient
import BreakerText
import Foundation
import Logging

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

/// The demo: an outage of a downstream, as eight worker processes see it through one breaker.
struct Demo: Sendable {
    let workers: Int

    /// Seconds from the start: when the downstream fails, when it is back, and when the demo ends.
    static let outage = 8.0..<26.0
    static let end = 40.0
    /// Short times, so that an outage of 18 s shows several probes.
    static let policy = #"{"policy":{"failure_threshold":5,"recovery_timeout_ms":4000,"probe_lease_ms":2000}}"#
    static let breaker = "payments"

    /// Runs the demo to its end or until it is interrupted. In both cases it leaves no files or processes.
    func run() async throws {
        try await SignalledTask.run(runToEnd)
    }

    private func runToEnd() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fusebox-demo-\(UUID().uuidString)")
        guard mkdir(folder.path, 0o700) == 0 else {
            throw DemoFailure(description: "\(folder.path) cannot be created: \(POSIXError.last.localizedDescription)")
        }
        defer { try? FileManager.default.removeItem(at: folder) }

        let downstream = DemoDownstream(outage: Self.outage)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            let downstreamURL = try await start(in: &group) { onRunning in try await downstream.run(onRunning) }
            let fuseboxURL = try await start(in: &group) { onRunning in
                try await server(folder: folder, onRunning: onRunning).run()
            }
            let client = FuseboxClient(url: fuseboxURL)
            try await client.putPolicy(Self.policy, of: Self.breaker)
            print(introduction(fusebox: fuseboxURL, downstream: downstreamURL))

            let start = ContinuousClock.now
            downstream.begin(at: start)
            let crew = try DemoCrew(count: workers, fusebox: fuseboxURL, downstream: downstreamURL)
            defer { crew.dismiss() }
            let summary = try await watch(client, crew: crew, downstream: downstream, from: start)
            guard let text = summary.text(workers: workers, downstream: downstream.counts) else {
                throw DemoFailure(description: "the breaker did not open and close again; see the table above")
            }
            print(text)
        }
    }

    private func server(folder: URL, onRunning: @escaping @Sendable (String) -> Void) -> Server {
        var settings = Settings()
        settings.listen = ListenAddress(host: "127.0.0.1", port: 0)
        settings.databasePath = folder.appendingPathComponent("fusebox.db").path
        // Errors of requests that the demo's end cuts off do not matter.
        settings.logLevel = .critical
        var server = Server(settings: settings)
        server.handlesSignals = false
        server.onRunning = { onRunning($0) }
        return server
    }

    /// Runs a server in the group, and waits until it reports its address.
    private func start(
        in group: inout ThrowingTaskGroup<Void, any Error>,
        _ body: @escaping @Sendable (@escaping @Sendable (String) -> Void) async throws -> Void
    ) async throws -> String {
        let (urls, continuation) = AsyncThrowingStream.makeStream(of: String.self)
        group.addTask {
            do {
                try await body { continuation.yield($0) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
                throw error
            }
        }
        for try await url in urls { return url }
        throw SettingsError(description: "a server of the demo ended before it was ready")
    }

    private func introduction(fusebox: String, downstream: String) -> String {
        """

        \(workers) worker processes call a payment provider. Each acquires before a call and reports after it.
          Fusebox     \(fusebox)   curl \(fusebox)/v1/breakers/\(Self.breaker)
          provider    \(downstream)   dead from second \(Int(Self.outage.lowerBound)) to \(Int(Self.outage.upperBound))
          policy      opens for 4 s after 5 consecutive failures, then allows one probe at a time

        """
    }

    /// Prints the table once a second until the end.
    private func watch(
        _ client: FuseboxClient,
        crew: DemoCrew,
        downstream: DemoDownstream,
        from start: ContinuousClock.Instant
    ) async throws -> DemoSummary {
        var summary = DemoSummary()
        var table = DemoTable()
        while true {
            let elapsed = (ContinuousClock.now - start).seconds
            let breaker = try JSONDecoder().decode(BreakerDocument.self, from: try await client.breaker(Self.breaker))
            let (state, detail) = (breaker.state, breaker.lastTransition?.detail)
            summary.see(state: state, detail: detail, tally: crew.tally, elapsed: elapsed)
            table.show(
                elapsed,
                state: state,
                tally: crew.tally,
                downstream: downstream.counts,
                isDead: downstream.isDead
            )
            if elapsed >= Self.end { return summary }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

struct DemoFailure: Error, CustomStringConvertible {
    var description: String
}

extension Duration {
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

/// The live table: one line per second, and another one whenever the state changes.
struct DemoTable {
    private var shownSecond = -1
    private var shownState = ""
    private let hasColors = isatty(STDOUT_FILENO) == 1

    mutating func show(
        _ elapsed: Double,
        state: String,
        tally: DemoTally,
        downstream: DemoDownstream.Counts,
        isDead: Bool
    ) {
        if shownSecond < 0 { print("second  provider  breaker     calls  allowed  denied  failures  probes") }
        guard Int(elapsed) > shownSecond || state != shownState else { return }
        shownSecond = Int(elapsed)
        shownState = state
        let cells: [(String, Int)] = [
            (String(format: "%.1f", elapsed), 6),
            (isDead ? "dead" : "alive", -8),
            (state, -10),
            (String(downstream.calls), 5),
            (String(tally.allowed), 7),
            (String(tally.denied), 6),
            (String(tally.failures), 8),
            (String(tally.probes), 6),
        ]
        let line = cells.map(Self.pad).joined(separator: "  ")
        print(hasColors ? color(of: state) + line + "\u{1b}[0m" : line)
        fflush(nil)
    }

    /// Right-aligns to a positive width, left-aligns to a negative one.
    private static func pad(_ text: String, _ width: Int) -> String {
        let space = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? text + space : space + text
    }

    private func color(of state: String) -> String {
        switch state {
        case "open": "\u{1b}[31m"
        case "half_open": "\u{1b}[33m"
        default: "\u{1b}[32m"
        }
    }
}

/// The summary of the demo, gathered while it runs.
struct DemoSummary {
    private var openedAt: Double?
    private var closedAt: Double?
    private var isClosed = true
    private var deniedWhileDead = 0
    private var failures = 0
    private var probes = 0
    private var cause = ""

    /// Notes the breaker's state `elapsed` seconds after the start.
    ///
    /// - Parameter detail: the detail of its last transition.
    mutating func see(state: String, detail: String?, tally: DemoTally, elapsed: Double) {
        if Demo.outage.contains(elapsed) { deniedWhileDead = tally.denied }
        failures = tally.failures
        probes = tally.probes
        let isClosed = state == "closed"
        defer { self.isClosed = isClosed }
        if self.isClosed, !isClosed {
            openedAt = openedAt ?? elapsed
            cause = detail?.printable ?? ""
        }
        if !self.isClosed, isClosed { closedAt = elapsed }
    }

    /// - Returns: `nil` if the breaker did not open and close again.
    func text(workers: Int, downstream: DemoDownstream.Counts) -> String? {
        guard let openedAt, let closedAt else { return nil }
        let outage = Demo.outage
        return """

            The provider was dead for \(Int(outage.upperBound - outage.lowerBound)) s.
              detected  \(tenths(openedAt - outage.lowerBound)) s after the provider died: \(cause)
              denied    \(deniedWhileDead) calls to the dead provider, which received only \
            \(downstream.callsWhileDead) calls
              probes    \(probes) in total, at most \(downstream.mostProbesAtOnce) at once, from \(workers) workers
              recovered \(tenths(closedAt - outage.upperBound)) s after the provider came back

            """
    }

    private func tenths(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
