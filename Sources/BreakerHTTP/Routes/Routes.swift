import BreakerAPI
import BreakerEngine
import NIOCore
import NIOPosix

/// Every route of the server.
enum Routes {
    /// - Parameters:
    ///   - gatekeeper: who signs people in.
    ///   - failures: notes failed authentications, and limits attempts to sign in.
    ///   - meters: what connections and answers are counted in.
    ///   - metricsBreakers: how many breakers get series of their own at a scrape.
    ///   - connections: how many there may be at once.
    ///   - times: how often a quiet stream says that it lives.
    ///   - eventLoops: whose clocks tell the time for it.
    static func all(
        engine: Engine,
        gatekeeper: Gatekeeper = Gatekeeper(tokens: nil),
        readiness: Readiness,
        failures: AuthenticationFailures,
        meters: HTTPMeters = HTTPMeters(),
        metricsBreakers: Int = HTTPLimits.metricsBreakers,
        connections: Int = HTTPLimits.leastConnections,
        times: ConnectionTimes = ConnectionTimes(),
        eventLoops: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) -> [Route] {
        decisions(Decisions(engine: engine))
            + gate(engine)
            + reports(engine)
            + breakers(engine)
            + steering(engine)
            + logs(engine)
            + history(engine)
            + explanation(engine)
            + audit(engine)
            + metrics(engine, meters: meters, breakers: metricsBreakers)
            + events(
                engine,
                gatekeeper: gatekeeper,
                places: StreamPlaces(connections: connections),
                heartbeat: times.heartbeat,
                eventLoops: eventLoops
            )
            + session(engine, gatekeeper: gatekeeper, failures: failures)
            + service(engine: engine, readiness: readiness)
            + dashboard()
            + backup(engine)
    }
}
