import BreakerAPI
import BreakerEngine
import NIOCore
import NIOPosix

/// Every route of the server.
enum Routes {
    /// - Parameters:
    ///   - gatekeeper: signs browsers in and out, and decides how long a client may read a response that lasts.
    ///   - failures: notes failed authentications, and limits attempts to sign in.
    ///   - meters: counts connections and answers.
    ///   - metricsBreakers: the number of breakers that get their own series in a scrape.
    ///   - connections: the maximum number of open connections.
    ///   - streamsPerClient: the most streams that one of several clients may have.
    ///   - times: has the heartbeat of a stream, and the time for its client to read a panel.
    ///   - eventLoops: schedule both.
    ///   - reloadTokens: reads the tokens file again; `nil` for a server without one.
    ///   - label: the name and the colour of the server.
    static func all(
        engine: Engine,
        gatekeeper: Gatekeeper = Gatekeeper(tokens: nil),
        readiness: Readiness,
        failures: AuthenticationFailures,
        meters: HTTPMeters = HTTPMeters(),
        metricsBreakers: Int = HTTPLimits.metricsBreakers,
        connections: Int = HTTPLimits.leastConnections,
        streamsPerClient: Int = HTTPLimits.streamsOfClient,
        times: ConnectionTimes = ConnectionTimes(),
        eventLoops: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        reloadTokens: TokenReload? = nil,
        label: ServerLabel = ServerLabel()
    ) -> [Route] {
        decisions(Decisions(engine: engine))
            + gate(engine)
            + reports(engine)
            + breakers(engine)
            + policies(engine)
            + steering(engine)
            + logs(engine)
            + history(engine)
            + explanation(engine)
            + audit(engine, gatekeeper: gatekeeper)
            + metrics(engine, meters: meters, breakers: metricsBreakers)
            + events(
                engine,
                gatekeeper: gatekeeper,
                slots: StreamSlots(connections: connections, perClient: streamsPerClient, gatekeeper: gatekeeper),
                times: times,
                eventLoops: eventLoops
            )
            + session(engine, gatekeeper: gatekeeper, failures: failures)
            + service(engine: engine, readiness: readiness, label: label)
            + dashboard()
            + backup(engine, gatekeeper: gatekeeper)
            + tokens(reloadTokens)
    }
}
