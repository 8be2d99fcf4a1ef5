import BreakerCore
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
