import BreakerCore
package import BreakerStorage
import Logging
import NIOConcurrencyHelpers

/// Whether the store accepts writes.
package enum StorageHealth: Hashable, Sendable {
    case ok
    case failing(StoreError)

    /// - Returns: whether the store worked before.
    mutating func fail(_ error: StoreError) -> Bool {
        defer { self = .failing(error) }
        return self == .ok
    }

    /// - Returns: whether the store failed before.
    mutating func recover() -> Bool {
        defer { self = .ok }
        return self != .ok
    }

    package var isFailing: Bool { self != .ok }
}

/// The response of the writer to a failure of the store.
extension Writer {
    func fail(_ error: StoreError) -> EngineError {
        meter.withLockedValue { $0.failed() }
        if health.withLockedValue({ $0.fail(error) }) {
            Self.logFailure(error, logger)
        }
        suspects = working.touchedNames
        _ = undoFailedBatch()
        return error.code == .outcomeUnknown ? .outcomeUnknown : .storageUnavailable
    }

    static func logFailure(_ error: StoreError, _ logger: Logger) {
        logger.error(
            "The store is failing; requests that need no write are still served",
            metadata: ["error": "\(error)"]
        )
    }

    func storageWorks() {
        if health.withLockedValue({ $0.recover() }) { logger.notice("The store works again") }
    }

    /// Takes the working copy back to the stored state if a batch failed. The store keeps its connection: a write-ahead
    /// log that is reopened may bring back a batch whose sync failed.
    /// - Returns: whether the working copy matches the store.
    func undoFailedBatch() -> Bool {
        guard let suspects else { return true }
        guard !isFinished else { return false }
        do {
            let stored = try store.reload(suspects)
            working.revertBatch(to: stored.breakers.map(\.breaker), revision: stored.revision, names: suspects)
            self.suspects = nil
            return true
        } catch {
            return false
        }
    }
}
