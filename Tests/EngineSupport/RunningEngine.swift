import BreakerCore
package import BreakerEngine
import BreakerSQLite
package import BreakerStorage
package import Logging
package import TestSupport

/// An engine on a real database in a folder of its own, with a clock that the test moves.
package struct RunningEngine: Sendable {
    package let engine: Engine
    package let clock: ManualClock
    package let folder: TemporaryFolder

    package var databasePath: String { folder.path("fusebox.db") }

    /// - Parameters:
    ///   - retention: how much history its store keeps.
    ///   - vfs: SQLite's file layer, for tests that make it fail.
    ///   - logger: for tests that read the log.
    package init(
        folder: TemporaryFolder? = nil,
        clock: ManualClock = ManualClock(),
        configuration: Engine.Configuration = Engine.Configuration(),
        retention: Retention = Retention(),
        vfs: String? = nil,
        logger: Logger? = nil
    ) throws {
        self.folder = try folder ?? TemporaryFolder()
        self.clock = clock
        let path = self.folder.path("fusebox.db")
        var silent = Logger(label: "test")
        silent.logLevel = .critical
        engine = try Engine(
            store: try SQLiteStore.open(path: path, retention: retention, at: clock.now(), vfs: vfs),
            reader: try SQLiteReader(path: path),
            configuration: configuration,
            clock: clock,
            logger: logger ?? silent
        )
    }

    /// Runs `body` and stops the engine behind it, whatever happens.
    package static func with<Value>(
        folder: TemporaryFolder? = nil,
        clock: ManualClock = ManualClock(),
        configuration: Engine.Configuration = Engine.Configuration(),
        retention: Retention = Retention(),
        vfs: String? = nil,
        logger: Logger? = nil,
        _ body: (RunningEngine) async throws -> Value
    ) async throws -> Value {
        let running = try RunningEngine(
            folder: folder,
            clock: clock,
            configuration: configuration,
            retention: retention,
            vfs: vfs,
            logger: logger
        )
        do {
            let value = try await body(running)
            await running.engine.stop()
            return value
        } catch {
            await running.engine.stop()
            throw error
        }
    }
}
