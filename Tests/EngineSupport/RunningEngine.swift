package import BreakerCore
package import BreakerEngine
import BreakerSQLite
package import BreakerStorage
package import Logging
package import TestSupport

/// An engine on a real database in its own folder, with a clock that the test controls.
package struct RunningEngine: Sendable {
    package let engine: Engine
    package let clock: ManualClock
    package let folder: TemporaryFolder

    package var databasePath: String { folder.path("fusebox.db") }

    /// - Parameters:
    ///   - retention: How much history the store keeps.
    ///   - vfs: The name of SQLite's file layer, for tests that make it fail.
    ///   - logger: The engine's logger, for tests that read the log.
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

    /// Runs `body`, then stops the engine, even if `body` throws.
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

/// A literal such as `"alice"` is an author without an address.
extension Author: ExpressibleByStringLiteral {
    package init(stringLiteral actor: String) {
        self.init(actor: actor, address: nil)
    }
}
