import AsyncHTTPClient
import BreakerAPI
import BreakerClient
import BreakerHTTP
import Foundation
import Hummingbird
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1

/// A typical worker: it asks, calls and reports.
struct DemoWorker {
    let fusebox: FuseboxClient
    let downstream: String
    let reporter: String

    init(fusebox: String, downstream: String, reporter: String) {
        self.fusebox = FuseboxClient(url: fusebox)
        self.downstream = downstream
        self.reporter = reporter
    }

    /// Works until standard output is closed, which happens when the parent process ends.
    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        var tally = DemoTally()
        while true {
            try await work(&tally)
            try FileHandle.standardOutput.write(contentsOf: Data(tally.line.utf8))
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func work(_ tally: inout DemoTally) async throws {
        let decision = try await fusebox.acquire(Demo.breaker)
        guard decision.allowed else {
            tally.denied += 1
            return
        }
        tally.allowed += 1
        if decision.leaseMs != nil { tally.probes += 1 }
        let start = ContinuousClock.now
        let kind = await call()
        if kind != nil { tally.failures += 1 }
        _ = try await fusebox.report(
            kind == nil ? "success" : "failure",
            to: Demo.breaker,
            permit: decision.permit,
            durationMs: Int64((ContinuousClock.now - start).seconds * 1_000),
            kind: kind,
            reporter: reporter
        )
    }

    /// - Returns: the kind of the failure; `nil` if the call succeeded.
    private func call() async -> String? {
        do {
            let response = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: downstream + "/charge"),
                timeout: .seconds(1)
            )
            return response.status == .ok ? nil : "http_\(response.status.code)"
        } catch {
            return "connection"
        }
    }
}

/// A worker's counts, which it sends to the table as one line of text.
struct DemoTally: Sendable {
    var allowed = 0
    var denied = 0
    var failures = 0
    var probes = 0

    var line: String { "\(allowed) \(denied) \(failures) \(probes)\n" }

    init() {}

    init?(line: some StringProtocol) {
        let numbers = line.split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 4 else { return nil }
        (allowed, denied, failures, probes) = (numbers[0], numbers[1], numbers[2], numbers[3])
    }

    static func + (left: DemoTally, right: DemoTally) -> DemoTally {
        var sum = left
        sum.allowed += right.allowed
        sum.denied += right.denied
        sum.failures += right.failures
        sum.probes += right.probes
        return sum
    }
}

/// The worker processes of the demo.
final class DemoCrew: Sendable {
    private let processes: [Process]
    private let tallies = NIOLockedValueBox<[Int: DemoTally]>([:])

    init(count: Int, fusebox: String, downstream: String) throws {
        let executable = try Self.executable()
        processes = (1...count).map { number in
            let process = Process()
            process.executableURL = executable
            process.arguments = [
                "demo-worker", "--fusebox", fusebox, "--downstream", downstream, "--reporter", "checkout-\(number)",
            ]
            process.standardInput = FileHandle.nullDevice
            return process
        }
        for (index, process) in processes.enumerated() {
            let pipe = Pipe()
            process.standardOutput = pipe
            pipe.fileHandleForReading.readabilityHandler = { [tallies] handle in
                // Each line is the sum so far, so only the last whole line matters.
                let lines = String(decoding: handle.availableData, as: UTF8.self).split(separator: "\n")
                guard let tally = lines.last.flatMap({ DemoTally(line: $0) }) else { return }
                tallies.withLockedValue { $0[index] = tally }
            }
            try process.run()
        }
    }

    /// The sum of all workers' counts.
    var tally: DemoTally { tallies.withLockedValue { $0.values.reduce(DemoTally(), +) } }

    func dismiss() {
        for process in processes where process.isRunning { process.terminate() }
        for process in processes { process.waitUntilExit() }
    }

    private static func executable() throws -> URL {
        if let url = Bundle.main.executableURL { return url }
        throw SettingsError(description: "the path of this program cannot be found")
    }
}

/// A real HTTP service with an outage, during which it answers slowly and with failures.
final class DemoDownstream: Sendable {
    struct Counts: Sendable {
        var calls = 0
        /// Calls that arrived during the outage.
        var callsWhileDead = 0
        /// The maximum number of concurrent calls after the detection time of the outage: these are probes.
        var mostProbesAtOnce = 0
        var running = 0
    }

    private struct State {
        var start: ContinuousClock.Instant?
        var counts = Counts()
    }

    private let outage: Range<Double>
    private let state = NIOLockedValueBox(State())

    init(outage: Range<Double>) {
        self.outage = outage
    }

    /// Starts the clock of the outage.
    func begin(at start: ContinuousClock.Instant) { state.withLockedValue { $0.start = start } }

    var counts: Counts { state.withLockedValue { $0.counts } }

    private var elapsed: Double {
        state.withLockedValue { $0.start }.map { (ContinuousClock.now - $0).seconds } ?? 0
    }

    var isDead: Bool { outage.contains(elapsed) }

    func run(_ onRunning: @escaping @Sendable (String) -> Void) async throws {
        let router = Router()
        router.get("charge") { _, _ in try await self.charge() }
        var logger = Logger(label: "downstream")
        logger.logLevel = .critical
        let application = Application(
            router: router,
            server: .plain,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in onRunning("http://127.0.0.1:\(channel.localAddress?.port ?? 0)") },
            logger: logger
        )
        try await application.run()
    }

    private func charge() async throws -> HTTPResponse.Status {
        let elapsed = elapsed
        let isDead = outage.contains(elapsed)
        let isRecovering = elapsed > outage.lowerBound + Self.detectionSeconds && elapsed < outage.upperBound
        state.withLockedValue { state in
            state.counts.calls += 1
            state.counts.running += 1
            if isDead { state.counts.callsWhileDead += 1 }
            if isRecovering { state.counts.mostProbesAtOnce = max(state.counts.mostProbesAtOnce, state.counts.running) }
        }
        defer { state.withLockedValue { $0.counts.running -= 1 } }
        try await Task.sleep(for: isDead ? Self.deadDelay : Self.liveDelay)
        return isDead ? .serviceUnavailable : .ok
    }

    /// The time after which every call that began before the breaker opened has ended.
    private static let detectionSeconds = 2.0
    private static let liveDelay = Duration.milliseconds(20)
    private static let deadDelay = Duration.milliseconds(400)
}
