import BreakerAPI
import BreakerEngine

/// Every route of the server.
enum Routes {
    /// - Parameter backups: where copies of the database are made before they are sent.
    static func all(engine: Engine, readiness: Readiness, backups: BackupFolder) -> [Route] {
        decisions(Decisions(engine: engine))
            + reports(engine)
            + breakers(engine)
            + steering(engine)
            + history(engine)
            + explanation(engine)
            + audit(engine)
            + service(engine: engine, readiness: readiness)
            + backup(engine: engine, folder: backups)
    }
}
