import AsyncHTTPClient
import BreakerAPI
import BreakerCore
import BreakerEngine
import BreakerStorage
import EngineSupport
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import TestSupport

@testable import BreakerHTTP

/// A server on a free port of this machine, with an engine on a real database and a clock that the test sets.
struct TestServer: Sendable {
    let engine: Engine
    let clock: ManualClock
    let gatekeeper: Gatekeeper
    let port: Int
    let databasePath: String
    let lifecycle: ServiceGroup
    private let client: HTTPClient

    /// Runs `body` against a server, and then stops the server, even after an error.
    ///
    /// - Parameters:
    ///   - folder: the folder of the database; a new one by default.
    ///   - tokens: the tokens of the server; `nil` for a server without tokens.
    ///   - retention: the bounds on the stored history.
    ///   - times: the time-outs of a connection.
    ///   - connections: the maximum number of connections.
    ///   - streamsPerClient: the most streams that one of several clients may have.
    ///   - unreadBytes: the bytes of long answers that one client may leave unread.
    ///   - firstBytesSeconds: the time for which a client that sends nothing waits in the kernel.
    ///   - eventLoops: the event loops that serve the connections.
    ///   - usesLane: whether the lane takes decisions, as in a real server.
    static func with(
        folder: TemporaryFolder? = nil,
        tokens: [Token]? = nil,
        configuration: Engine.Configuration = Engine.Configuration(),
        retention: Retention = Retention(),
        times: ConnectionTimes = ConnectionTimes(),
        connections: Int = HTTPLimits.leastConnections,
        streamsPerClient: Int = HTTPLimits.streamsOfClient,
        unreadBytes: Int = HTTPLimits.bodiesOfClient,
        firstBytesSeconds: Int64 = 0,
        eventLoops: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        usesLane: Bool = true,
        label: ServerLabel = ServerLabel(),
        _ body: (TestServer) async throws -> Void
    ) async throws {
        try await RunningEngine.with(folder: folder, configuration: configuration, retention: retention) { running in
            let (ports, portFound) = AsyncStream.makeStream(of: Int.self)
            let gatekeeper = Gatekeeper(tokens: tokens, sessions: running.engine.sessions)
            let readiness = Readiness()
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            var server = HTTPServer.Configuration(
                host: "127.0.0.1",
                port: 0,
                maximumConnections: connections,
                times: times,
                eventLoops: eventLoops
            )
            server.usesLane = usesLane
            server.label = label
            server.streamsPerClient = streamsPerClient
            server.unreadBytes = unreadBytes
            server.firstBytesSeconds = firstBytesSeconds
            let service = HTTPServer.service(
                engine: running.engine,
                gatekeeper: gatekeeper,
                readiness: readiness,
                configuration: server,
                logger: logger
            ) { address in
                portFound.yield(address.port ?? 0)
            }
            let lifecycle = ServiceGroup(services: [service, readiness], logger: logger)
            async let end: Void = lifecycle.run()
            let client = HTTPClient(eventLoopGroup: .singletonMultiThreadedEventLoopGroup)
            do {
                for await port in ports {
                    let server = TestServer(
                        engine: running.engine,
                        clock: running.clock,
                        gatekeeper: gatekeeper,
                        port: port,
                        databasePath: running.databasePath,
                        lifecycle: lifecycle,
                        client: client
                    )
                    try await body(server)
                    break
                }
            } catch {
                try await client.shutdown()
                await lifecycle.triggerGracefulShutdown()
                throw error
            }
            try await client.shutdown()
            await lifecycle.triggerGracefulShutdown()
            try await end
        }
    }

    /// Sends an ordinary request.
    func send(
        _ method: HTTPMethod,
        _ path: String,
        _ body: String? = nil,
        fields: [(String, String)] = [],
        secret: String? = nil
    ) async throws -> HTTPAnswer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = method
        for (name, value) in fields { request.headers.add(name: name, value: value) }
        if let secret { request.headers.add(name: "authorization", value: "Bearer \(secret)") }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await client.execute(request, timeout: .seconds(30))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        return HTTPAnswer(
            status: Int(response.status.code),
            fields: response.headers.map { ($0.name.lowercased(), $0.value) },
            body: Array(bytes.readableBytesView)
        )
    }
}

extension TestServer {
    func acquire(_ name: String) async throws -> HTTPAnswer {
        try await send(.POST, "/v1/breakers/\(name)/acquire")
    }

    /// - Parameter query: the report's fields, in the form of a query string.
    func report(_ name: String, _ query: String) async throws -> HTTPAnswer {
        try await send(.POST, "/v1/breakers/\(name)/report?\(query)")
    }

    /// Opens `name` with five failures in a row, the default threshold.
    func trip(_ name: String) async throws {
        for _ in 1...5 { _ = try await report(name, "outcome=failure&kind=timeout&reporter=checkout-7") }
    }
}
