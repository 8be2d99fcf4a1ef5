package import BreakerCore
package import BreakerStorage
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix
import ServiceLifecycle

/// The authority: decides, takes reports, and carries out what operators order.
///
/// A decision that changes nothing is read off the panel on the caller's thread. All else goes through the queue to
/// the writer and is answered once it is stored.
package final class Engine: Sendable {
    package struct Configuration: Sendable {
        package var book = PolicyBook()
        /// How many breakers there may be.
        package var maximumBreakers = 10_000
        /// How many breakers of one token's creation there may be; `nil` for half of all where several workers have
        /// tokens, and for all but those that are left to operators where one has.
        package var breakersPerToken: Int?
        /// Whether an acquire and a report create the breaker that they name.
        package var mayWorkersCreate = true
        /// How many commands may wait for the writer.
        package var queueCapacity = 65_536
        /// How long a command may wait to be begun, in milliseconds.
        package var commandDeadlineMs: Int64 = 5_000
        /// How long a list or a read of the store may wait to be begun, in milliseconds.
        package var readDeadlineMs: Int64 = 5_000

        package init() {}
    }

    package let clock: any ServerClock
    /// Which history the store holds.
    package let epoch: Epoch
    package let sessions: SessionRegister
    let configuration: Configuration
    private let limits: CreationLimits
    let panel: Panel
    let writer: Writer
    let reader: any BreakerReader
    private static let readersAtATime = 2
    private let readerThreads = NIOThreadPool(numberOfThreads: readersAtATime)
    /// A thread of its own for what a scrape asks, so that no read delays it.
    private let statusThread = NIOThreadPool(numberOfThreads: 1)
    /// Of lists of breakers, which take as long as there are breakers.
    private let listThread = NIOThreadPool(numberOfThreads: 1)
    let storeTurns: ReadTurns
    let listTurns: ReadTurns
    let scrapeTurns: ReadTurns
    private let queue: NIOLockedValueBox<CommandQueue>
    private let healthBox: NIOLockedValueBox<StorageHealth>
    private let meterBox: NIOLockedValueBox<WriterMeter>
    let feed: ChangeFeed
    let progress = ProgressImage()
    private let timer: DueTimer
    private let eventLoop: any EventLoop
    let logger: Logger

    /// Loads what is stored, moves deadlines where the clock is behind the last write, and applies the configuration. Where
    /// the store cannot be written, the engine decides what needs no write until it can.
    ///
    /// - Parameters:
    ///   - store: the engine owns it from here on, and closes it when it stops.
    ///   - reader: reads what `store` has committed.
    /// - Throws: ``StoreError`` where the store cannot be read.
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

    /// Whether the store takes what it is given.
    package var storageHealth: StorageHealth { healthBox.withLockedValue { $0 } }

    /// How many commands wait for the writer.
    package var queueDepth: Int { queue.withLockedValue { $0.depth } }

    /// How many commands wait for the writer, and at which uptime the first of them is overdue.
    var queueReading: (depth: Int, deadlineMs: Int64?) { queue.withLockedValue { ($0.depth, $0.firstDeadlineMs) } }

    /// Takes note of how many workers have tokens: it decides on the share of each.
    package func share(amongTokens count: Int) { limits.workerTokens.withLockedValue { $0 = count } }

    /// What the writer has measured of itself so far.
    var writerMeter: WriterMeter { meterBox.withLockedValue { $0 } }

    // MARK: The queue

    /// Queues a command. Where the queue is full, it or a command of the client that has the most is refused at once.
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

    /// As ``onReaderThread(_:)``, for what a scrape reads.
    func onStatusThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async throws(EngineError) -> Value {
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
    /// Keeps time until the service group shuts down, then commits what is queued and closes the store. Cancellation
    /// is a reason to begin with that, and none to leave it undone.
    package func run() async throws {
        timer.start { [self] in submitDueChanges() }
        _ = await writer.armTimer()
        let beats = [Task { await beat() }, Task { await watchDeadlines() }]
        try? await gracefulShutdown()
        for beat in beats { beat.cancel() }
        for beat in beats { await beat.value }
        await stop()
    }

    /// Refuses further commands, answers those that wait, and closes the store. Call it once.
    package func stop() async {
        timer.stop()
        queue.withLockedValue { $0.close() }
        // Before the store, which leaves no log behind once nobody reads.
        reader.close()
        await writer.finish()
        feed.close()
        // Their threads are idle by now; that they end is no one's to wait for if the task was cancelled.
        try? await readerThreads.shutdownGracefully()
        try? await statusThread.shutdownGracefully()
        try? await listThread.shutdownGracefully()
    }

    /// Stores what is due as an ordinary change, so that it is published when it happens, with no traffic. Where more is
    /// due than one batch takes, the timer comes back for the rest.
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

    /// Once a second: the system's clock is followed, a failing store is tried, so that it heals without traffic, and what
    /// the timer missed, as it does while the machine is suspended, is made up for. Behind each minute what the panel counted in it is stored, and
    /// retention takes a step even where nobody calls.
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

    /// Once a second, whatever the writer is doing.
    private func watchDeadlines() async {
        while true {
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
            refuseOverdue()
            for turns in [storeTurns, listTurns, scrapeTurns] { turns.refuseOverdue() }
        }
    }

    /// Refuses what has waited past its deadline, also while the writer hangs on a disk that does not answer.
    func refuseOverdue() {
        let uptimeMs = clock.uptimeMs()
        for command in queue.withLockedValue({ $0.takeOverdue(atUptimeMs: uptimeMs) }) { command.refuse(.overloaded) }
    }
}
