import BreakerCore
import BreakerSQLite
import BreakerStorage
import EngineSupport
import FaultyDisk
import Foundation
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("The history of calls by the minute")
struct EngineHistoryTests {
    @Test("Decisions of more breakers than a batch takes are stored with the next batches")
    func manyBreakers() async throws {
        try await RunningEngine.with { running in
            let names = (1...UnstoredCalls.rowsAtATime + 1).map { "b\($0)" }
            for name in names { _ = try await running.engine.acquire(name) }
            running.clock.advance(byMs: 60_000)
            #expect(await running.engine.writer.touchStore())
            #expect(await !running.engine.writer.touchStore())
            for name in [names.first, names.last] {
                #expect(try await history(running, of: try #require(name)).map(\.allowed) == [0, 1, 0])
            }
        }
    }

    @Test("Decisions that clients made themselves count in the minute in which they were made, and once")
    func clientDecisions() async throws {
        try await RunningEngine.with { running in
            let (known, unknown) = (try #require(BreakerName("a")), try #require(BreakerName("b")))
            _ = try await running.engine.acquire("a")
            running.clock.advance(byMs: 120_000)
            await running.engine.writer.touchStore()
            let decisions = [(2, 0), (40, 60_000), (500, 1), (3_000, 60_001)].map { denied, ageMs in
                ClientDecisions(name: known, counts: DecisionCounts(denied: denied), ageMs: ageMs)
            }
            let others = [ClientDecisions(name: unknown, counts: DecisionCounts(denied: 1), ageMs: 60_000)]
            #expect(try await running.engine.count(decisions + others) == [true, true, true, true, false])
            #expect(try await running.engine.breaker(known).decisions == DecisionCounts(allowed: 1, denied: 3_542))
            #expect(try await history(running).map(\.denied) == [3_000, 540, 2])
            running.clock.advance(byMs: 60_000)
            await running.engine.writer.touchStore()
            #expect(try await history(running, minutes: 4).map(\.denied) == [3_000, 540, 2, 0])
            #expect(try await history(running, minutes: 4).map(\.allowed) == [1, 0, 0, 0])
        }
    }

    private func history(_ running: RunningEngine, of name: String = "a", minutes: Int = 3) async throws -> [CallTally]
    {
        let steps = CallHistory.Steps(endingAt: running.clock.now(), length: 1, count: minutes)
        return try await running.engine.history(of: try #require(BreakerName(name)), in: steps).tallies
    }

    private func failures(_ running: RunningEngine, of name: String = "a", minutes: Int = 3) async throws -> [Int64] {
        try await history(running, of: name, minutes: minutes).map(\.failures)
    }

    @Test("Applied reports count by their outcome, and refused and repeated reports do not count")
    func outcomes() async throws {
        try await RunningEngine.with { running in
            let name = try #require(BreakerName("a"))
            let policy = try Policy().applying(["slow_call_ms": .integer(100)])
            _ = try await running.engine.putPolicy(policy, of: name, actor: "alice")
            try await running.engine.report(Report(.success, count: 7), to: "a")
            try await running.engine.report(Report(.success, durationMs: 99), to: "a")
            try await running.engine.report(Report(.success, durationMs: 100), to: "a")
            try await running.engine.report(Report(.ignored, durationMs: 100), to: "a")
            try await running.engine.report(Report(.success, permit: Permit(generation: 99)), to: "a")
            for _ in 1...2 { try await running.engine.report(Report(.failure, id: "once"), to: "a") }
            // The breaker trips at the fourth of these failures.
            try await running.engine.report(Report(.failure, durationMs: 100, count: 10), to: "a")
            try await running.engine.report(Report(.failure), to: "a")
            var expected = CallTally()
            (expected.successes, expected.failures, expected.slow, expected.ignored) = (9, 5, 5, 1)
            #expect(try await history(running) == [CallTally(), CallTally(), expected])
        }
    }

    @Test("A call counts in the minute in which it ended, stored or not, also after a restart")
    func late() async throws {
        let (folder, clock) = (try TemporaryFolder(), ManualClock())
        var configuration = Engine.Configuration()
        configuration.book.default.window = .time(ms: 600_000)
        try await RunningEngine.with(folder: folder, clock: clock, configuration: configuration) { running in
            try await running.engine.report(Report(.failure), to: "a")
            clock.advance(byMs: 120_000)
            for ageMs in [120_000, 60_001, 60_000, 0] as [Int64] {
                try await running.engine.report(Report(.failure, ageMs: ageMs), to: "a")
            }
            #expect(try await running.engine.report(Report(.failure, ageMs: 120_001), to: "a").refusal == .tooOld)
            try await running.engine.report(Report(.ignored, ageMs: 60_000), to: "a")
            #expect(try await failures(running) == [3, 1, 1])
            #expect(try await history(running).map(\.ignored) == [0, 1, 0])
        }
        try await RunningEngine.with(folder: folder, clock: clock, configuration: configuration) { running in
            try await running.engine.report(Report(.failure, ageMs: 119_999, count: 10), to: "a")
            #expect(try await failures(running) == [13, 1, 1])
            #expect(try await history(running).map(\.ignored) == [0, 1, 0])
        }
    }

    @Test("Reports of a past outage do not open the breaker, and are listed at their own time")
    func outage() async throws {
        try await RunningEngine.with { running in
            let name = try #require(BreakerName("a"))
            _ = try await running.engine.acquire("a")
            running.clock.advance(byMs: 60_000)
            let outage = (0..<20).map { Report(.failure, ageMs: 50_000 - $0 * 1_000) }
            let recovery = (0..<29).map { Report(.success, ageMs: 29_000 - $0 * 1_000) }
            let reports = (outage + recovery).map { Engine.AddressedReport(name: name, report: $0) }
            for result in try await running.engine.report(reports) { #expect(try result.get().applied) }
            let breaker = try await running.engine.breaker(name).breaker
            #expect(breaker.state == .closed)
            #expect(breaker.counts(at: running.clock.now()) == Counts(calls: 49, failures: 20))
            #expect(try await failures(running, minutes: 2) == [20, 0])
            let log = try await running.engine.failures(of: name, before: nil, limit: 99)
            #expect(log.map { $0.at.milliseconds(until: running.clock.now()) } == (0..<20).map { 31_000 + $0 * 1_000 })
        }
    }

    @Test("A decision counts in the minute in which it was made, stored or not")
    func decisions() async throws {
        try await RunningEngine.with { running in
            for _ in 1...3 { _ = try await running.engine.acquire("a") }
            #expect(try await history(running).map(\.allowed) == [0, 0, 3])
            running.clock.advance(byMs: 60_000)
            await running.engine.writer.touchStore()
            #expect(try await history(running).map(\.allowed) == [0, 3, 0])
            try await running.engine.trip("a")
            for _ in 1...2 { _ = try await running.engine.acquire("a") }
            #expect(try await history(running).map(\.allowed) == [0, 3, 0])
            #expect(try await history(running).map(\.denied) == [0, 0, 2])
            running.clock.advance(byMs: 60_000)
            await running.engine.writer.touchStore()
            _ = try await running.engine.acquire("a")
            #expect(try await history(running).map(\.denied) == [0, 2, 0])
            #expect(try await history(running).map(\.allowed) == [3, 0, 1])
        }
    }

    @Test("A server that stops stores its counts, and the next server adds to them")
    func restart() async throws {
        let (folder, clock) = (try TemporaryFolder(), ManualClock())
        for round in 1...2 as ClosedRange<Int64> {
            try await RunningEngine.with(folder: folder, clock: clock) { running in
                _ = try await running.engine.acquire("a")
                try await running.engine.report(Report(.ignored), to: "a")
                try await running.engine.report(Report(.failure), to: "a")
                let last = try #require(try await history(running).last)
                #expect([last.allowed, last.ignored, last.failures] == [round, round, round])
            }
        }
    }

    @Test("Acknowledged reports survive a crash, and count once after the clock is set back")
    func crash() async throws {
        let (folder, clock) = (try TemporaryFolder(), ManualClock())
        try await RunningEngine.with(folder: folder, clock: clock) { running in
            for _ in 1...2 { try await running.engine.report(Report(.failure), to: "a") }
            let copy = folder.path("copy.db")
            let backup = try await running.engine.backUp(for: "ops")
            let bytes = FileHandle(fileDescriptor: backup.descriptor, closeOnDealloc: false)
            try bytes.seek(toOffset: 0)
            try withExtendedLifetime(backup) {
                try (bytes.readToEnd() ?? Data()).write(to: URL(fileURLWithPath: copy))
            }
            let store = try SQLiteStore.open(path: copy, at: clock.now())
            let reader = try SQLiteReader(path: copy)
            let steps = CallHistory.Steps(endingAt: clock.now(), length: 1, count: 1)
            #expect(try reader.calls(ofBreakers: [1], in: steps).first?.tallies.map(\.failures) == [2])
            reader.close()
            store.close()
        }
        clock.setSystemClock(byMs: -120_000)
        try await RunningEngine.with(folder: folder, clock: clock) { running in
            try await running.engine.report(Report(.failure), to: "a")
            clock.advance(byMs: 120_000)
            #expect(try await failures(running) == [1, 0, 2])
        }
    }

    @Test("A breaker with the name of a deleted one begins without a history")
    func recreation() async throws {
        try await RunningEngine.with { running in
            let name = try #require(BreakerName("a"))
            for round in 1...2 as ClosedRange<Int64> {
                for _ in 1...round { _ = try await running.engine.acquire("a") }
                try await running.engine.report(Report(.ignored), to: "a")
                let last = try #require(try await history(running).last)
                #expect([last.allowed, last.ignored] == [round, 1])
                try await running.engine.delete(name, actor: "alice")
            }
        }
    }

    @Test("While the disk fails, refused reports are not counted and decisions are not lost")
    func fullDisk() async throws {
        let disk = FaultyDisk()
        try await RunningEngine.with(vfs: disk.name) { running in
            try await running.engine.report(Report(.failure), to: "a")
            disk.fail(1, of: [.write, .sync], with: FaultyDisk.isFull, forGood: true)
            await #expect(throws: EngineError.self) { try await running.engine.report(Report(.failure), to: "a") }
            for _ in 1...4 { _ = try await running.engine.acquire("a") }
            for _ in 1...2 {
                running.clock.advance(byMs: 60_000)
                await running.engine.writer.touchStore()
            }
            #expect(try await history(running).map(\.allowed) == [4, 0, 0])
            disk.heal()
            while await running.engine.writer.touchStore() {}
            #expect(try await failures(running) == [1, 0, 0])
            #expect(try await history(running).map(\.allowed) == [4, 0, 0])
        }
    }
}
