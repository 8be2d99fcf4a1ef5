import BreakerCore
import BreakerSQLite
import EngineSupport
import FaultyDisk
import Logging
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("Commands that wait for the writer")
struct QueueingTests {
    private struct Gated {
        let engine: Engine
        let clock = ManualClock()
        let gate = GatedStore.Gate()
        private let folder: TemporaryFolder

        init(capacity: Int = 1_000) throws {
            folder = try TemporaryFolder()
            let path = folder.path("fusebox.db")
            var configuration = Engine.Configuration()
            configuration.queueCapacity = capacity
            configuration.book.default.failureThreshold = nil
            engine = try Engine(
                store: GatedStore(try SQLiteStore.open(path: path, at: clock.now()), gate: gate),
                reader: try SQLiteReader(path: path),
                configuration: configuration,
                clock: clock,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }

        /// Begins a report and waits until its write waits at the gate.
        func blockWriter() async -> Task<ReportAnswer, any Error> {
            gate.close()
            let task = Task { [engine] in try await engine.report(Report(.failure), to: "blocked") }
            await gate.waitForWrite()
            return task
        }
    }

    @Test("The commands that arrive during a write are stored as one batch")
    func commitsInGroups() async throws {
        let gated = try Gated()
        let first = await gated.blockWriter()
        let rest = (1...100).map { number in
            Task { try await gated.engine.report(Report(.failure), to: "b\(number % 10)") }
        }
        while gated.engine.queueDepth < 100 { await Task.yield() }
        gated.gate.open()
        #expect(try await first.value.applied)
        for task in rest { #expect(try await task.value.applied) }
        #expect(gated.gate.failuresPerBatch == [0, 1, 100])
        await gated.engine.stop()
    }

    @Test(
        "A batch ends when its time is used up, and its other commands are the next batch",
        arguments: [(4, [2]), (5, [1, 1])]
    )
    func boundsBatchesInTime(appliedMs: Int, failures: [Int]) async throws {
        let gated = try Gated()
        let name = try #require(BreakerName("a"))
        let first = await gated.blockWriter()
        // As heavy as the commands that the writer applies between two looks at the clock.
        let slow = Task { [engine = gated.engine, clock = gated.clock] in
            try await engine.change(from: .server, weight: 64) { working, store throws(EngineError) in
                clock.advance(byMs: Int64(appliedMs))
                _ = try working.report(Report(.failure), to: name, for: .server, store: store)
            }
        }
        while gated.engine.queueDepth < 1 { await Task.yield() }
        let rest = Task { try await gated.engine.report(Report(.failure), to: "b") }
        while gated.engine.queueDepth < 2 { await Task.yield() }
        gated.gate.open()
        _ = try await first.value
        try await slow.value
        #expect(try await rest.value.applied)
        #expect(gated.gate.failuresPerBatch == [0, 1] + failures)
        await gated.engine.stop()
    }

    @Test("A batch with enough rows to store takes no more commands")
    func boundsRows() async throws {
        let gated = try Gated()
        let first = await gated.blockWriter()
        let rest = (1...300).map { number in
            Task { try await gated.engine.report(Report(.failure), to: "b\(number)") }
        }
        while gated.engine.queueDepth < 300 { await Task.yield() }
        gated.gate.open()
        #expect(try await first.value.applied)
        for task in rest { #expect(try await task.value.applied) }
        // Each report has two rows: its breaker and its failure.
        #expect(gated.gate.failuresPerBatch == [0, 1, 128, 128, 44])
        await gated.engine.stop()
    }

    @Test("An order takes effect only once it is stored")
    func publishesAfterTheCommit() async throws {
        let gated = try Gated()
        _ = try await gated.engine.acquire("blocked")
        let name = try #require(BreakerName("blocked"))
        gated.gate.close()
        let order = Task {
            try await gated.engine.setOverride(.forceOpen, of: name, reason: "r", expiresInMs: nil, actor: "a")
        }
        await gated.gate.waitForWrite()
        #expect(try await gated.engine.acquire("blocked").isAllowed)
        gated.gate.open()
        _ = try await order.value
        #expect(try await !gated.engine.acquire("blocked").isAllowed)
        await gated.engine.stop()
    }

    @Test("A full queue refuses a report at once, and the report has no effect")
    func refusesWhenFull() async throws {
        let gated = try Gated(capacity: 10)
        let first = await gated.blockWriter()
        let queued = (1...10).map { _ in Task { try await gated.engine.report(Report(.failure), to: "b") } }
        while gated.engine.queueDepth < 10 { await Task.yield() }
        let error = await #expect(throws: EngineError.self) {
            try await gated.engine.report(Report(.failure), to: "b")
        }
        #expect(error?.code == .overloaded)
        gated.gate.open()
        _ = try await first.value
        for task in queued { #expect(try await task.value.applied) }
        #expect(try await gated.engine.breaker("b").breaker.consecutiveFailures == 10)
        await gated.engine.stop()
    }

    @Test("A large batch of reports is several transactions, and between them another report of its client is stored")
    func splitsBatches() async throws {
        let gated = try Gated()
        let first = await gated.blockWriter()
        let batch = Task { [engine = gated.engine] in
            try await engine.report(try Self.failures(1_100), from: Client("many"))
        }
        while gated.engine.queueDepth < 1 { await Task.yield() }
        let other = Task { try await gated.engine.report(Report(.failure), to: "other", from: Client("many")) }
        while gated.engine.queueDepth < 2 { await Task.yield() }
        gated.gate.open()
        _ = try await first.value
        #expect(try await other.value.applied)
        #expect(try await batch.value.allSatisfy { try $0.get().applied })
        #expect(gated.gate.failuresPerBatch == [0, 1, 101] + Array(repeating: 100, count: 10))
        #expect(try await gated.engine.breaker("many").breaker.consecutiveFailures == 1_100)
        await gated.engine.stop()
    }

    @Test("A client whose command did not fit into a batch's time is the first of the next batch")
    func servesTheWaitingFirst() async throws {
        let gated = try Gated()
        let name = try #require(BreakerName("slow"))
        let first = await gated.blockWriter()
        // As heavy as the commands that the writer applies between two looks at the clock, and as slow as a batch may
        // be.
        let slow = Task { [engine = gated.engine, clock = gated.clock] in
            try await engine.change(from: Client("slow"), weight: 64) { working, store throws(EngineError) in
                clock.advance(byMs: 5)
                _ = try working.report(Report(.failure, count: 2), to: name, for: .server, store: store)
                engine.submitChange(
                    from: Client("slow"),
                    weight: 64,
                    { working, store throws(EngineError) in
                        clock.advance(byMs: 5)
                        _ = try working.report(Report(.failure), to: name, for: .server, store: store)
                    },
                    reply: { _ in }
                )
            }
        }
        while gated.engine.queueDepth < 1 { await Task.yield() }
        let other = Task { try await gated.engine.report(Report(.failure), to: "other", from: Client("other")) }
        while gated.engine.queueDepth < 2 { await Task.yield() }
        gated.gate.open()
        _ = try await first.value
        try await slow.value
        #expect(try await other.value.applied)
        await gated.engine.stop()
        #expect(gated.gate.failuresPerBatch.prefix(4) == [0, 1, 1, 2])
    }

    @Test("A batch that meets a full queue is refused as a whole if nothing of it is stored, else from there on")
    func refusesPartsOfBatches() async throws {
        let gated = try Gated(capacity: 1)
        let first = await gated.blockWriter()
        let batch = Task { [engine = gated.engine] in
            try await engine.report(try Self.failures(1_001), from: Client("many"))
        }
        while gated.engine.queueDepth < 1 { await Task.yield() }
        await #expect(throws: EngineError.overloaded) {
            try await gated.engine.report(try Self.failures(1_001), from: Client("many"))
        }
        gated.gate.open()
        _ = try await first.value
        #expect(try await batch.value.allSatisfy { try $0.get().applied })
        await gated.engine.stop()
    }

    @Test("After a transaction of a batch that fails, the rest of the batch is not stored and says so")
    func stopsAtAFailure() async throws {
        let disk = FaultyDisk()
        var configuration = Engine.Configuration()
        configuration.book.default.failureThreshold = nil
        try await RunningEngine.with(configuration: configuration, vfs: disk.name) { running async throws in
            // The first commit of a log syncs twice.
            try await running.engine.report(Report(.success), to: "many")
            disk.fail(2, of: [.sync], with: FaultyDisk.syncFailed, forGood: true)
            let results = try await running.engine.report(try Self.failures(1_001), from: Client("many"))
            disk.heal()
            #expect(results.count == 1_001)
            #expect(try results.prefix(100).allSatisfy { try $0.get().applied })
            #expect(results[100..<200].allSatisfy { $0 == .failure(.outcomeUnknown) })
            #expect(results[200...].allSatisfy { $0 == .failure(.storageUnavailable) })
        }
    }

    @Test(
        "A batch of up to 1 000 reports and 65 536 outcomes is one transaction, a larger one several",
        arguments: [
            (counts: [], parts: []), ([1], [1]), (Array(repeating: 1, count: 1_000), [1_000]),
            (Array(repeating: 1, count: 1_001), Array(repeating: 100, count: 10) + [1]),
            (Array(repeating: 8_192, count: 8), [8]),
            (Array(repeating: 8_192, count: 8) + [1], [8, 1]), (Array(repeating: 10_000, count: 7), [6, 1]),
        ]
    )
    func parts(counts: [Int], parts: [Int]) throws {
        let name = try #require(BreakerName("a"))
        let reports = counts.map { Engine.AddressedReport(name: name, report: Report(.failure, count: $0)) }
        #expect(Engine.parts(of: reports).map(\.reports.count) == parts)
        #expect(Engine.parts(of: reports).flatMap { $0.reports.map(\.report.count) } == counts)
        #expect(
            Engine.parts(of: reports).allSatisfy { part in
                part.outcomes == part.reports.reduce(0) { $0 + $1.report.count }
            }
        )
    }

    private static func failures(_ count: Int) throws -> [Engine.AddressedReport] {
        let name = try #require(BreakerName("many"))
        return Array(repeating: Engine.AddressedReport(name: name, report: Report(.failure)), count: count)
    }

    @Test(
        "A command that waited past its deadline is refused and has no effect",
        arguments: [(5_000, true), (5_001, false)]
    )
    func honoursDeadlines(waitedMs: Int64, isDone: Bool) async throws {
        let gated = try Gated()
        let first = await gated.blockWriter()
        let late = Task { try await gated.engine.report(Report(.failure), to: "b") }
        while gated.engine.queueDepth < 1 { await Task.yield() }
        gated.clock.advance(byMs: waitedMs)
        gated.gate.open()
        _ = try await first.value
        let result = await late.result
        if isDone {
            #expect(try result.get().applied)
        } else {
            #expect(throws: EngineError.overdue) { try result.get() }
            await #expect(throws: EngineError.self) { _ = try await gated.engine.breaker("b") }
        }
        await gated.engine.stop()
    }

    @Test("While the disk does not answer, a waiting command is refused at its deadline")
    func refusesWhileTheDiskHangs() async throws {
        let gated = try Gated()
        let first = await gated.blockWriter()
        let late = Task { try await gated.engine.report(Report(.failure), to: "b") }
        while gated.engine.queueDepth < 1 { await Task.yield() }
        gated.clock.advance(byMs: 5_001)
        gated.engine.refuseOverdue()
        await #expect(throws: EngineError.overdue) { try await late.value }
        gated.gate.open()
        #expect(try await first.value.applied)
        await #expect(throws: EngineError.self) { _ = try await gated.engine.breaker("b") }
        await gated.engine.stop()
    }

    @Test("A stop stores and answers every waiting command, and refuses later ones")
    func drains() async throws {
        let gated = try Gated()
        let first = await gated.blockWriter()
        let queued = (1...500).map { number in
            Task { try await gated.engine.report(Report(.failure), to: "b\(number)") }
        }
        while gated.engine.queueDepth < 500 { await Task.yield() }
        let stop = Task { await gated.engine.stop() }
        gated.gate.open()
        await stop.value
        #expect(try await first.value.applied)
        for task in queued { #expect(try await task.value.applied) }
        #expect(gated.gate.failuresPerBatch.reduce(0, +) == 501)
        await #expect(throws: EngineError.shuttingDown) { try await gated.engine.report(Report(.failure), to: "b") }
    }

    @Test("All of 40 000 outcomes from forty tasks are counted")
    func countsAll() async throws {
        try await RunningEngine.with { running async throws in
            var policy = Policy()
            policy.failureThreshold = nil
            _ = try await running.engine.putPolicy(policy, of: try #require(BreakerName("payments")), actor: "a")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...40 {
                    group.addTask {
                        for _ in 1...10 {
                            try await running.engine.report(Report(.failure, count: 100), to: "payments")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let breaker = try await running.engine.breaker("payments").breaker
            #expect(breaker.consecutiveFailures == 40_000)
            #expect(breaker.counts(at: running.clock.now()).failures == 40_000)
        }
    }
}
