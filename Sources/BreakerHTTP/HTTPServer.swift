package import BreakerAPI
package import BreakerEngine
import Hummingbird
import HummingbirdCore
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix
package import ServiceLifecycle

/// The HTTP service, which turns requests into calls of the engine.
package struct HTTPServer: Sendable {
    package struct Configuration: Sendable {
        package var host: String
        /// 0 for any free port.
        package var port: Int
        /// The maximum number of open connections.
        package var maximumConnections: Int
        package var times: ConnectionTimes
        /// The time for which a client that sends nothing waits in the kernel, in seconds; 0 for none.
        package var firstBytesSeconds = HTTPLimits.firstBytesSeconds
        /// The bytes of long answers that one client may leave unread.
        var unreadBytes = HTTPLimits.bodiesOfClient
        /// The number of breakers that get their own series in a scrape.
        package var metricsBreakers = HTTPLimits.metricsBreakers
        /// The most streams that one of several clients may have.
        var streamsPerClient = HTTPLimits.streamsOfClient
        /// `nil` for a server that speaks plain HTTP.
        package var tls: ServerTLS?
        /// Reads the tokens file again; `nil` for a server without one.
        package var reloadTokens: TokenReload?
        package var label = ServerLabel()
        /// Whether the lane takes decisions. If not, the router takes every request; tests compare the two.
        var usesLane = true
        /// The event loops that serve the connections.
        package var eventLoops: any EventLoopGroup

        package init(
            host: String,
            port: Int,
            maximumConnections: Int = HTTPLimits.leastConnections,
            times: ConnectionTimes = ConnectionTimes(),
            eventLoops: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
        ) {
            self.host = host
            self.port = port
            self.maximumConnections = maximumConnections
            self.times = times
            self.eventLoops = eventLoops
        }

        /// The number of event loops that serves best: one for each core except one, which is left to the writer. On a
        /// machine with two cores a second loop costs a fifth of all decisions: the two loops and the writer share the
        /// cores, and each finds less to do when it wakes.
        package static var eventLoopCount: Int { max(1, System.coreCount - 1) }
    }

    /// - Parameter onRunning: called with the address once the server listens.
    package static func service(
        engine: Engine,
        gatekeeper: Gatekeeper,
        readiness: Readiness,
        configuration: Configuration,
        logger: Logger,
        onRunning: @escaping @Sendable (SocketAddress) async -> Void
    ) -> any Service {
        engine.share(amongTokens: gatekeeper.workerTokens)
        let meters = HTTPMeters()
        let connections = OpenConnections(
            limit: configuration.maximumConnections,
            gatekeeper: gatekeeper,
            eventLoop: configuration.eventLoops.any(),
            logger: logger
        )
        gatekeeper.whenReplaced { [weak connections] in connections?.tokensChanged() }
        let failures = AuthenticationFailures(meters: meters, clock: engine.clock, logger: logger)
        let handler = RouteHandler(
            gatekeeper: gatekeeper,
            failures: failures,
            meters: meters,
            connections: connections,
            bodies: BodyBudget(
                bytesOfClient: HTTPLimits.bodiesOfClient,
                refusal: "too many request bodies are in progress; retry later"
            ),
            answers: BodyBudget(
                bytesOfClient: configuration.unreadBytes,
                refusal: "too many answers are unread; read them, or retry later"
            ),
            now: { engine.clock.now() }
        )
        let routes = Routes.all(
            engine: engine,
            gatekeeper: gatekeeper,
            readiness: readiness,
            failures: failures,
            meters: meters,
            metricsBreakers: configuration.metricsBreakers,
            connections: configuration.maximumConnections,
            streamsPerClient: configuration.streamsPerClient,
            times: configuration.times,
            eventLoops: configuration.eventLoops,
            reloadTokens: configuration.reloadTokens,
            label: configuration.label
        )
        return Application(
            router: handler.router(of: routes),
            server: HTTPServerBuilder { responder in
                ConnectionChannel(
                    responder: responder,
                    decisions: Decisions(engine: engine),
                    gatekeeper: gatekeeper,
                    failures: failures,
                    times: configuration.times,
                    meters: meters,
                    connections: connections,
                    tls: configuration.tls,
                    usesLane: configuration.usesLane
                )
            },
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                backlog: HTTPLimits.backlog,
                availableConnectionsDelegate: connections
            ),
            onServerRunning: { channel in
                await channel.acceptInBursts(afterFirstBytesWithin: configuration.firstBytesSeconds)
                guard let address = channel.localAddress else { return }
                await onRunning(address)
            },
            eventLoopGroupProvider: .shared(configuration.eventLoops),
            logger: logger
        )
    }
}

/// Reports whether the server is ready for requests. Place it after the server in a service group: a group shuts down
/// in reverse order, so `/readyz` reports the shutdown while open connections are still served.
package final class Readiness: Service {
    enum State: String, Sendable {
        case starting, ready, stopping
    }

    private let box = NIOLockedValueBox(State.starting)

    package init() {}

    var state: State { box.withLockedValue { $0 } }

    package func run() async throws {
        box.withLockedValue { $0 = .ready }
        try? await gracefulShutdown()
        box.withLockedValue { $0 = .stopping }
    }
}
