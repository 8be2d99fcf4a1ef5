import BreakerAPI
import BreakerEngine

/// Every route of the server.
enum Routes {
    /// - Parameters:
    ///   - backups: where copies of the database are made before they are sent.
    ///   - meters: what connections and answers are counted in.
    ///   - metricsBreakers: how many breakers get series of their own at a scrape.
    static func all(
        engine: Engine,
        readiness: Readiness,
        backups: BackupFolder,
        meters: HTTPMeters = HTTPMeters(),
        metricsBreakers: Int = HTTPLimits.metricsBreakers
    ) -> [Route] {
        decisions(Decisions(engine: engine))
            + reports(engine)
            + breakers(engine)
            + steering(engine)
            + history(engine)
            + explanation(engine)
            + audit(engine)
            + metrics(engine, meters: meters, breakers: metricsBreakers)
            + service(engine: engine, readiness: readiness)
            + backup(engine: engine, folder: backups)
    }
}
