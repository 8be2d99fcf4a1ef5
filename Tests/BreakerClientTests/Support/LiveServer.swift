import BreakerCore
import BreakerEngine
import BreakerHTTP
import EngineSupport
import Logging
import NIOConcurrencyHelpers
import NIOCore
import ServiceLifecycle
import TestSupport

/// The real server in this process, with a real database and a clock that the test sets.
struct LiveServer: Sendable {
    let engine: Engine
    let clock: ManualClock
    let port: Int

    var url: String { "http://127.0.0.1:\(port)" }

    /// The servers' clocks by URL.
    private static let clocks = NIOLockedValueBox<[String: ManualClock]>([:])

    static func clock(ofServerAt url: String) -> ManualClock? { clocks.withLockedValue { $0[url] } }

    /// - Parameter url: the URL of the server, or of a server in front of it.
    static func addClock(of server: LiveServer, at url: String) { clocks.withLockedValue { $0[url] = server.clock } }

    static func removeClock(at url: String) { clocks.withLockedValue { $0[url] = nil } }

    /// Runs `body` against a server, and then stops the server, even after an error.
    ///
    /// - Parameters:
    ///   - folder: the folder of the database; a temporary one if `nil`.
    ///   - port: the port on which it listens; any free one if 0.
    static func with<Value: Sendable>(
        folder: TemporaryFolder? = nil,
        clock: ManualClock = ManualClock(),
        port: Int = 0,
        tokens: [Token]? = nil,
        _ body: @Sendable (LiveServer) async throws -> Value
    ) async throws -> Value {
        try await RunningEngine.with(folder: folder, clock: clock) { running in
            let (ports, portFound) = AsyncStream.makeStream(of: Int.self)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let service = HTTPServer.service(
                engine: running.engine,
                gatekeeper: Gatekeeper(tokens: tokens),
                readiness: Readiness(),
                configuration: .init(host: "127.0.0.1", port: port),
                logger: logger
            ) { address in
                portFound.yield(address.port ?? 0)
            }
            let lifecycle = ServiceGroup(services: [service], logger: logger)
            async let end: Void = lifecycle.run()
            guard let port = await ports.first(where: { _ in true }) else { preconditionFailure("no port") }
            let server = LiveServer(engine: running.engine, clock: clock, port: port)
            addClock(of: server, at: server.url)
            defer { removeClock(at: server.url) }
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(server))
            } catch {
                result = .failure(error)
            }
            await lifecycle.triggerGracefulShutdown()
            try await end
            return try result.get()
        }
    }
}

extension LiveServer {
    func breaker(_ name: String) async throws -> Breaker {
        try await engine.breaker(BreakerName(name)!).breaker
    }

    @discardableResult
    func report(_ outcome: Outcome, to name: String, times: Int = 1) async throws -> ReportAnswer {
        let kind = outcome == .failure ? "timeout" : nil
        return try await engine.report(Report(outcome, kind: kind, count: times), to: BreakerName(name)!)
    }

    func trip(_ name: String) async throws { try await report(.failure, to: name, times: 5) }

    /// Trips the breaker and moves the clock so that the next acquire is a probe.
    func bringToProbe(_ name: String) async throws {
        try await trip(name)
        clock.advance(byMs: Policy().recoveryTimeoutMs)
    }

    func putOverride(_ mode: Override.Mode, on name: String, forMs length: Int64? = nil) async throws {
        _ = try await engine.setOverride(
            mode,
            of: BreakerName(name)!,
            reason: "a test",
            expiresInMs: length,
            actor: "alice"
        )
    }
}
