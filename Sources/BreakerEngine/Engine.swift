package import BreakerCore
package import BreakerStorage
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix
import ServiceLifecycle

/// The authority over all breakers. It decides acquires, takes reports, and carries out the changes of operators.
///
/// A decision that changes nothing is read from the panel on the caller's thread. Every other decision, report or
/// change goes through the queue to the writer, and is answered once it is stored.
package final class Engine: Sendable {
    package struct Configuration: Sendable {
        package var book = PolicyBook()
        /// How many breakers may exist.
        package var maximumBreakers = 10_000
        /// How many breakers one token may have created. `nil` for half of all breakers if there are several worker
        /// tokens, otherwise for all breakers except those that are left to operators.
        package var breakersPerToken: Int?
        /// Whether an acquire or a report creates the breaker that it names.
        package var mayWorkersCreate = true
        /// How many commands may wait for the writer.
        package var queueCapacity = 65_536
        /// How long a command may wait before it is started, in milliseconds.
        package var commandDeadlineMs: Int64 = 5_000
        /// How long a list or a read of the store may wait before it is started, in milliseconds.
        package var readDeadlineMs: Int64 = 5_000

        package init() {}
    }

    package let clock: any ServerClock
    /// The history that the store holds.
    package let epoch: Epoch
    package let sessions: SessionRegister
    let configuration: Configuration
    private let limits: CreationLimits
    let panel: Panel
    let writer: Writer
    let reader: any BreakerReader
    private static let readersAtATime = 2
    private let readerThreads = NIOThreadPool(numberOfThreads: readersAtATime)
    /// A separate thread for the reads of a scrape, so that no other read delays them.
    private let statusThread = NIOThreadPool(numberOfThreads: 1)
    /// A separate thread for lists of breakers, which take longer the more breakers there are.
    private let listThread = NIOThreadPool(numberOfThreads: 1)
    let storeTurns: ReadTurns
    let listTurns: ReadTurns
    let scrapeTurns: ReadTurns
    private let queue: NIOLockedValueBox<CommandQueue>
    private let healthBox: NIOLockedValueBox<StorageHealth>
    private let meterBox: NIOLockedValueBox<WriterMeter>
    let feed: ChangeFeed
    let progress = ProgressImage()
    let refusedReports = RefusedReports()
    private let timer: DueTimer
    private let eventLoop: any EventLoop
    let logger: Logger

    /// Loads the store, moves deadlines if the clock is behind the last write by more than a minute, and applies the
    /// configuration. While the store cannot be written, the engine makes only decisions that need no write.
    ///
    /// - Parameters:
    ///   - store: the engine owns it from this call on, and closes it when it stops.
    ///   - reader: reads what `store` has committed.
    /// - Throws: ``StoreError`` if the store cannot be read.
    package init(
        store: sending any BreakerStore,
        reader: any BreakerReader,
        configuration: Configuration = Configuration(),
        clock: any ServerClock = AnchoredClock(),
        eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any(),
        logger: Logger
    ) throws(StoreError) {
        epoch = store.epoch
        limits = CreationLimits(configuration)
        let sessions = SessionRegister(try store.sessions(), at: clock.now())
        self.sessions = sessions
        let working = try Self.open(
            store,
            sessions: sessions,
            configuration: configuration,
            limits: limits,
            clock: clock,
            logger: logger
        )
        let panel = Panel(working.entries, maximumBreakers: configuration.maximumBreakers)
        let executor = WriterExecutor()
        let queue = NIOLockedValueBox(
            CommandQueue(capacity: configuration.queueCapacity, batchWeight: Writer.batchWeight)
        )
        let health = NIOLockedValueBox(working.failure.map(StorageHealth.failing) ?? .ok)
        let meter = NIOLockedValueBox(WriterMeter())
        let feed = ChangeFeed(PanelImage(of: working.copy, at: working.copy.now))
        let timer = DueTimer(eventLoop: eventLoop)
        self.writer = Writer(
            executor: executor,
            store: store,
            working: working.copy,
            sessions: sessions,
            isBookApplied: working.failure == nil,
            clock: clock,
            panel: panel,
            feed: feed,
            queue: queue,
            health: health,
            meter: meter,
            timer: timer,
            logger: logger
        )
        if let failure = working.failure { Writer.logFailure(failure, logger) }
        self.clock = clock
        storeTurns = ReadTurns(width: Self.readersAtATime, patienceMs: configuration.readDeadlineMs, clock: clock)
        listTurns = ReadTurns(width: Self.readersAtATime, patienceMs: configuration.readDeadlineMs, clock: clock)
        scrapeTurns = ReadTurns(width: 1, patienceMs: configuration.readDeadlineMs, clock: clock)
        self.configuration = configuration
        self.panel = panel
        self.reader = reader
        self.queue = queue
        self.healthBox = health
        self.meterBox = meter
        self.feed = feed
        self.timer = timer
        self.eventLoop = eventLoop
        self.logger = logger
        readerThreads.start()
        statusThread.start()
        listThread.start()
    }

    /// Whether the store accepts writes.
    package var storageHealth: StorageHealth { healthBox.withLockedValue { $0 } }

    /// How many commands wait for the writer.
    package var queueDepth: Int { queue.withLockedValue { $0.depth } }

    /// How many commands wait for the writer, and the uptime at which the first of them is overdue.
    var queueReading: (depth: Int, deadlineMs: Int64?) { queue.withLockedValue { ($0.depth, $0.firstDeadlineMs) } }

    /// Sets how many worker tokens there are, which determines the share of each token.
    package func share(amongTokens count: Int) { limits.workerTokens.withLockedValue { $0 = count } }

    /// The measurements of the writer so far.
    var writerMeter: WriterMeter { meterBox.withLockedValue { $0 } }

    // MARK: The queue

    /// Queues a command. If the queue is full, this command or one of the client with the most commands is refused at
    /// once.
    func submit(_ kind: Command.Kind, from client: Client, weight: Int = 1) {
        let deadlineMs = clock.uptimeMs() + configuration.commandDeadlineMs
        let command = Command(client: client, kind: kind, deadlineMs: deadlineMs, weight: weight)
        switch queue.withLockedValue({ $0.append(command) }) {
        case .startDrain: writer.startDrain()
        case .queued: break
        case .replaced(let other): other.refuse(.overloaded)
        case .full: command.refuse(.overloaded)
        case .closed: command.refuse(.shuttingDown)
        }
    }

    /// Runs `body` on a thread that may block, as every read of the store does.
    func onReaderThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await readerThreads.runIfActive(body)
    }

    /// As ``onReaderThread(_:)``, for the work of a scrape, which waits for no backup and no list.
    package func onStatusThread<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value
    ) async throws(EngineError) -> Value {
        try await Self.run(body, on: statusThread)
    }

    /// As ``onReaderThread(_:)``, for lists.
    func onListThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async throws(EngineError) -> Value {
        try await Self.run(body, on: listThread)
    }

    private static func run<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value,
        on thread: NIOThreadPool
    ) async throws(EngineError) -> Value {
        do {
            return try await thread.runIfActive(body)
        } catch {
            throw error is CancellationError ? .cancelled : .shuttingDown
        }
    }
}

// MARK: Life

extension Engine: Service {
    /// Runs the timers until the service group shuts down, then commits the queued commands and closes the store.
    /// Cancellation starts this shutdown too, but does not interrupt it.
    package func run() async throws {
        timer.start { [self] in submitDueChanges() }
        _ = await writer.armTimer()
        let beats = [Task { await beat() }, Task { await watchDeadlines() }]
        try? await gracefulShutdown()
        for beat in beats { beat.cancel() }
        for beat in beats { await beat.value }
        await stop()
    }

    /// Refuses further commands, answers the queued ones, and closes the store. Call it once.
    package func stop() async {
        timer.stop()
        queue.withLockedValue { $0.close() }
        // Before the store, which can empty its log only if nothing reads it.
        reader.close()
        await writer.finish()
        feed.close()
        // The threads are idle by now. If the task was cancelled, it does not have to wait for their end.
        try? await readerThreads.shutdownGracefully()
        try? await statusThread.shutdownGracefully()
        try? await listThread.shutdownGracefully()
    }

    /// Queues a command that makes the changes that are due, so that they are published on time even without traffic.
    /// If more changes are due than one batch takes, the timer fires again for the rest.
    package func submitDueChanges() {
        submit(
            .change(
                { working, _ in
                    working.advanceDue(limit: Writer.batchWeight)
                    return { _ in }
                },
                refuse: { _ in }
            ),
            from: .server,
            weight: Writer.batchWeight
        )
    }

    /// Runs once a second. Follows the system's clock. Writes to a failing store, so that it recovers without traffic.
    /// Submits due changes that the timer missed, as it does while the machine is suspended. After each minute, stores
    /// the panel's counts of that minute; the write lets retention take a step even without traffic.
    private func beat() async {
        while true {
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
            let isWriteDue = await writer.isWriteDue
            if storageHealth.isFailing || isWriteDue {
                while await writer.touchStore(), !Task.isCancelled {}
            }
            await writer.followClock()
            if await writer.armTimer() { submitDueChanges() }
        }
    }

    /// Refuses overdue commands and reads once a second, whatever the writer does.
    private func watchDeadlines() async {
        while true {
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
            refuseOverdue()
            for turns in [storeTurns, listTurns, scrapeTurns] { turns.refuseOverdue() }
        }
    }

    /// Refuses the commands whose deadline has passed, even while the writer waits for a disk that does not answer.
    func refuseOverdue() {
        let uptimeMs = clock.uptimeMs()
        for command in queue.withLockedValue({ $0.takeOverdue(atUptimeMs: uptimeMs) }) { command.refuse(.overdue) }
    }
}
