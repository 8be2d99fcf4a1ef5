import BreakerHTTP
import Hummingbird
import Logging
import NIOConcurrencyHelpers

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
