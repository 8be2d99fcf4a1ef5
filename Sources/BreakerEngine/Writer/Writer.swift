import BreakerCore
import BreakerStorage
import BreakerText
import Logging
import NIOConcurrencyHelpers
import NIOPosix
import Platform

/// The only writer of breakers. It takes a batch of queued commands, applies them to a working copy, stores the changes
/// in one transaction, publishes them, and only then answers.
///
/// The writer runs on a thread of its own, which the store's connection never leaves. ``drain()`` has no `await`, so no
/// other call runs between a command and its commit. While one batch is synced, commands for the next one are queued.
actor Writer {
    private let executor: WriterExecutor
    let store: any BreakerStore
    let clock: any ServerClock
    let logger: Logger
    let panel: Panel
    private let feed: ChangeFeed
    private let queue: NIOLockedValueBox<CommandQueue>
    let health: NIOLockedValueBox<StorageHealth>
    let meter: NIOLockedValueBox<WriterMeter>
    let timer: DueTimer

    var working: WorkingCopy
    private let sessions: SessionRegister
    private var random = SystemRandomNumberGenerator()
    /// The breakers that a failed batch touched, until the batch is undone; `nil` if no batch has to be undone.
    var suspects: [BreakerName]?
    var isFinished = false
    /// Whether the policies and breakers of the configuration are stored.
    var isBookApplied: Bool
    /// Whether the last checkpoint succeeded. Only the first of several failures in a row is logged.
    private var isCheckpointing = true
    private var evictionLog = EvictionLog()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(
        executor: WriterExecutor,
        store: sending any BreakerStore,
        working: sending WorkingCopy,
        sessions: SessionRegister,
        isBookApplied: Bool,
        clock: any ServerClock,
        panel: Panel,
        feed: ChangeFeed,
        queue: NIOLockedValueBox<CommandQueue>,
        health: NIOLockedValueBox<StorageHealth>,
        meter: NIOLockedValueBox<WriterMeter>,
        timer: DueTimer,
        logger: Logger
    ) {
        self.executor = executor
        self.store = store
        self.working = working
        self.sessions = sessions
        self.isBookApplied = isBookApplied
        self.clock = clock
        self.panel = panel
        self.feed = feed
        self.queue = queue
        self.health = health
        self.meter = meter
        self.timer = timer
        self.logger = logger
    }

    // The current batch, and the results of its commands. Both arrays keep their capacity between batches.
    private var batch: [[Command]] = []
    private var completions: [CommandCompletion] = []

    /// The most that one batch may weigh: enough single reports to share the cost of a commit, and few enough to be
    /// applied in a few milliseconds.
    static let batchWeight = 1_024
    /// A batch that has so many rows to store takes no more commands: as many as are stored in a few milliseconds.
    private static let batchRows = 256
    /// How long the commands of a batch may take to be applied, in milliseconds: about as long as one slow sync. This
    /// bounds batches in which some commands wait for the disk, or cost more than their weight says.
    static let batchMs: Int64 = 5
    /// The weight of the commands that are applied between two looks at the clock.
    private static let weightBetweenLooks = 64

    /// Starts a drain on the writer's thread. Called after ``CommandQueue/append(_:)`` has returned `startDrain`.
    nonisolated func startDrain() {
        executor.submit { self.assumeIsolated { $0.drain() } }
    }

    /// Commits one batch, and submits a drain for the next one.
    private func drain() {
        if processNext() { startDrain() }
    }

    /// Commits the remaining commands and the panel's counts, and closes the store. The queue has to be closed before.
    /// A second call does nothing.
    func finish() {
        while processNext() {}
        guard !isFinished else { return }
        while touchStore() {}
        isFinished = true
        store.close()
    }

    /// Reads from the working copy, between two batches.
    /// - Throws: ``EngineError/Code/storageUnavailable`` while a failed batch cannot be undone.
    func read<Value: Sendable>(
        _ body: @Sendable (WorkingCopy, Instant) throws(EngineError) -> Value
    ) throws(EngineError) -> Value {
        guard undoFailedBatch() else { throw .storeFailed }
        return try body(working, clock.now())
    }

    /// Hands out some of the breakers whose progress may have changed since they were last handed out.
    /// - Returns: whether there are more.
    /// - Throws: ``EngineError/Code/storageUnavailable`` while a failed batch cannot be undone.
    func handOutProgress(to image: ProgressImage, atMost limit: Int) throws(EngineError) -> Bool {
        guard undoFailedBatch() else { throw .storeFailed }
        image.add(working.takeProgressed(atMost: limit))
        return !working.progressed.isEmpty
    }

    // MARK: One batch

    /// Carries out the next batch.
    /// - Returns: whether there was one.
    private func processNext() -> Bool {
        queue.withLockedValue { $0.take(into: &batch) }
        guard !batch.isEmpty else { return false }
        meter.withLockedValue { $0.beginBatch(of: batch) }
        defer {
            for index in batch.indices { batch[index].removeAll(keepingCapacity: true) }
            meter.withLockedValue { $0.endBatch() }
        }
        guard undoFailedBatch() else {
            for command in batch.joined() { command.refuse(.storageUnavailable) }
            return true
        }
        applyBatch()
        let failure = commit(always: false)
        for completion in completions { completion.complete(with: failure) }
        completions.removeAll(keepingCapacity: true)
        checkpoint()
        return true
    }

    /// Applies the commands one after another. When the batch's time is over, or when it has enough rows, the remaining
    /// ones go back into the queue.
    private func applyBatch() {
        let startMs = clock.uptimeMs()
        working.beginBatch(at: clock.now())
        var weight = 0
        for (groupIndex, group) in batch.enumerated() {
            for (index, command) in group.enumerated() {
                guard working.rows < Self.batchRows else {
                    putBack(from: index, ofGroup: groupIndex)
                    return
                }
                if weight >= Self.weightBetweenLooks {
                    weight = 0
                    guard clock.uptimeMs() - startMs < Self.batchMs else {
                        putBack(from: index, ofGroup: groupIndex)
                        return
                    }
                }
                weight += command.weight
                if command.deadlineMs < startMs {
                    command.refuse(.overdue)
                } else {
                    completions.append(perform(command))
                }
            }
        }
    }

    private func putBack(from index: Int, ofGroup groupIndex: Int) {
        let isBegun = index > 0
        let rest = isBegun ? Array(batch[groupIndex][index...]) : []
        let groups = Array(batch[(isBegun ? groupIndex + 1 : groupIndex)...])
        queue.withLockedValue { $0.putBack(rest, groups) }
    }

    /// Runs a checkpoint. It comes after the answers, so that no client of the batch waits for it. A checkpoint that
    /// fails leaves the log longer, and is tried again after the next batch.
    func checkpoint() {
        do {
            try store.checkpoint()
            isCheckpointing = true
        } catch {
            if isCheckpointing { logger.warning("A checkpoint failed", metadata: ["error": "\(error)"]) }
            isCheckpointing = false
        }
    }

    /// Stores the batch, if it changed anything, and publishes it.
    func commit(always: Bool) -> EngineError? {
        let newSessions = sessions.unstored
        let isStored = working.hasChanges || !newSessions.isEmpty || always
        if isStored {
            // While the store fails, which may be for lack of disk space, the batch is kept as small as possible.
            let takesWaiting = !health.withLockedValue(\.isFailing)
            var batch = working.batch(lastSeen: panel.lastSeen, takesWaiting: takesWaiting)
            batch.sessions = newSessions
            let stopwatch = Stopwatch()
            do {
                try store.write(batch)
                sessions.stored(newSessions)
                let evictions = store.evictions
                meter.withLockedValue { $0.committed(after: stopwatch.elapsed, evictions: evictions) }
                for warning in evictionLog.warnings(of: evictions, atUptimeMs: clock.uptimeMs()) {
                    logger.warning(warning.message, metadata: warning.metadata)
                }
                storageWorks()
            } catch {
                return fail(error)
            }
        }
        let stepMs = working.shiftMs
        let (updates, changes) = working.commitBatch(isStored: isStored)
        // Between the step and the publication, a reader of the panel finds an expired answer, never one that is valid
        // for too long.
        if stepMs > 0 { clock.step(byMs: stepMs) }
        panel.publish(updates, at: working.now)
        if stepMs < 0 { clock.step(byMs: stepMs) }
        feed.publish(changes)
        if stepMs != 0 { feed.publishShift(PanelImage(of: working, at: working.now)) }
        for change in changes { log(change) }
        timer.arm(working.nextDue(), at: working.now)
        return nil
    }

    /// Logs transitions, deletions, and policies that an operator changed.
    private func log(_ change: Journal.Change) {
        switch change.kind {
        case .transition(let transition):
            logger.notice(
                "A breaker changed",
                metadata: [
                    "breaker": "\(change.name)",
                    "from": "\(transition.from.rawValue)",
                    "to": "\(transition.to.rawValue)",
                    "cause": "\(transition.cause.rawValue)",
                    "detail": "\(transition.detail)",
                    "actor": "\(transition.actor ?? "-")",
                    "revision": "\(change.revision)",
                ]
            )
        case .policyChanged(let actor?):
            logger.notice("A policy changed", metadata: ["breaker": "\(change.name)", "actor": "\(actor)"])
        case .deleted(let actor):
            logger.notice("A breaker was deleted", metadata: ["breaker": "\(change.name)", "actor": "\(actor ?? "-")"])
        case .created, .policyChanged: break
        }
    }
}

// MARK: One command

extension Writer {
    /// Applies a command to the working copy.
    /// - Returns: the result, which answers the command once the batch is committed.
    private func perform(_ command: Command) -> CommandCompletion {
        switch command.kind {
        case .acquire(let name, let creates, let reply):
            .acquired(
                Result { () throws(EngineError) in try acquire(name, for: command.client, creates: creates) },
                reply
            )
        case .report(let name, let report, let reply):
            .reported(
                Result { () throws(EngineError) in
                    try working.report(report, to: name, for: command.client, store: store)
                },
                reply
            )
        case .change(let change, _):
            .changed(change(&working, store))
        }
    }

    private func acquire(_ name: BreakerName, for client: Client, creates: Bool) throws(EngineError) -> Decision {
        let known = working.index(of: name)
        guard known != nil || creates else { throw .unknown(name) }
        let index = if let known { known } else { try working.create(name, for: client) }
        return working.event(at: index) { breaker, now, journal in
            let decision = breaker.acquire(at: now, journal: &journal, random: &random)
            if case .allowed(_, _, leaseMs: .some, _) = decision { return (decision, changed: true) }
            return (decision, changed: false)
        }
    }
}

/// An executor with one OS thread, which the writer and the store's connection never leave.
final class WriterExecutor: SerialExecutor {
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let thread = NIOLockedValueBox<pthread_t?>(nil)

    init() {
        pool.start()
        pool.submit { [thread] _ in thread.withLockedValue { $0 = pthread_self() } }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { _ in job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Runs `body` on the thread, after everything that is enqueued.
    func submit(_ body: @escaping @Sendable () -> Void) {
        pool.submit { _ in body() }
    }

    func checkIsolated() {
        let isOwnThread = thread.withLockedValue { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
        precondition(isOwnThread, "the writer's state was touched from another thread")
    }

    /// The thread lives as long as the writer, because a pool that is shut down runs later jobs on the caller's thread.
    deinit {
        pool.shutdownGracefully { _ in }
    }
}
