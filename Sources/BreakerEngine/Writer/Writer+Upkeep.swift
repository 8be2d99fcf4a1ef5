import BreakerCore
package import BreakerStorage
import Logging
import NIOConcurrencyHelpers

/// The writer's work that no command asks for. The engine calls it once a second.
extension Writer {
    /// Whether decisions of a past minute, or the configuration, have to be stored.
    var isWriteDue: Bool { !isBookApplied || working.isMinuteOver(at: clock.now()) }

    /// Collects the panel's counts, and writes some of the calls that wait to be stored. At least one row is written in
    /// any case: this shows whether the store works, and lets retention take a step.
    /// - Returns: whether the write succeeded and more calls wait.
    @discardableResult
    func touchStore() -> Bool {
        guard undoFailedBatch() else { return false }
        let now = clock.now()
        working.beginBatch(at: now)
        working.collect(panel.collect, at: now)
        if !isBookApplied { working.applyBook(logger: logger) }
        let failure = commit(always: true)
        if failure == nil { isBookApplied = true }
        checkpoint()
        return failure == nil && !working.unstored.isEmpty
    }

    /// Follows the system's clock. If the clock was set by more than a minute, one batch moves every deadline by the
    /// same amount, so that the time until each deadline does not change.
    func followClock() {
        // A difference that the clock corrects slowly needs no write.
        guard let stepMs = clock.follow(), !health.withLockedValue(\.isFailing), undoFailedBatch() else { return }
        let now = clock.now()
        working.beginBatch(at: now)
        // The panel's counts belong to a minute of the clock as it was before the step.
        working.collect(panel.collect, at: now)
        working.shift(byMs: stepMs)
        guard commit(always: true) == nil else { return }
        working.countingSince = Minute(of: working.now)
        logger.warning(
            "The system's clock was set; all deadlines are shifted by the difference",
            metadata: ["step_ms": "\(stepMs)"]
        )
    }

    /// Arms the timer for the next breaker that is due.
    /// - Returns: whether a breaker is due already.
    func armTimer() -> Bool {
        let (due, now) = (working.nextDue(), clock.now())
        timer.arm(due, at: now)
        return due.map { $0 <= now } ?? false
    }
}

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
