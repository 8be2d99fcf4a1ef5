import BreakerCore
import EngineSupport
import NIOConcurrencyHelpers
import Testing

@testable import BreakerEngine

@Suite("The turns of reads")
struct ReadTurnsTests {
    /// Waits until `depth` reads wait.
    private static func wait(for depth: Int, _ turns: ReadTurns) async {
        while turns.depth < depth { await Task.yield() }
    }

    @Test("Clients take turns with their reads, however many reads one client has")
    func fair() async throws {
        let turns = ReadTurns(width: 1, patienceMs: 5_000, clock: ManualClock())
        let order = NIOLockedValueBox<[String]>([])
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (begun, beginner) = AsyncStream.makeStream(of: Void.self)
            group.addTask {
                try await turns.run { () throws(EngineError) in
                    beginner.finish()
                    for await _ in gate {}
                }
            }
            for await _ in begun {}
            var depth = 0
            for client in ["busy", "busy", "busy", "other", "third"] {
                group.addTask {
                    try await ReadTurns.$client.withValue(client) {
                        try await turns.run { () throws(EngineError) in order.withLockedValue { $0.append(client) } }
                    }
                }
                depth += 1
                await Self.wait(for: depth, turns)
            }
            opener.finish()
            try await group.waitForAll()
        }
        #expect(order.withLockedValue { $0 } == ["busy", "other", "third", "busy", "busy"])
        #expect(turns.depth == 0)
    }

    @Test("A waiting read whose task is cancelled ends at once without having run")
    func cancelled() async throws {
        let turns = ReadTurns(width: 1, patienceMs: 5_000, clock: ManualClock())
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let (begun, beginner) = AsyncStream.makeStream(of: Void.self)
        async let first: Void = turns.run { () throws(EngineError) in
            beginner.finish()
            for await _ in gate {}
        }
        for await _ in begun {}
        let tasks = ["a", "b", "a"].map { client in
            Task {
                try await ReadTurns.$client.withValue(client) {
                    try await turns.run { () throws(EngineError) in "\(client) has run" }
                }
            }
        }
        await Self.wait(for: 3, turns)
        tasks[1].cancel()
        await #expect(throws: EngineError.cancelled) { try await tasks[1].value }
        #expect(turns.depth == 2)
        tasks[2].cancel()
        await #expect(throws: EngineError.cancelled) { try await tasks[2].value }
        #expect(turns.depth == 1)
        opener.finish()
        #expect(try await tasks[0].value == "a has run")
        try await first
        #expect(turns.depth == 0)
        let late = Task {
            while !Task.isCancelled { await Task.yield() }
            try await turns.run { () throws(EngineError) in }
        }
        late.cancel()
        await #expect(throws: EngineError.cancelled) { try await late.value }
    }

    @Test("A cancelled read of the store is not reported as a failure of the store")
    func cancelledRead() async throws {
        try await RunningEngine.with { running in
            _ = await #expect(throws: EngineError.cancelled) {
                try await running.engine.read { throw CancellationError() }
            }
        }
    }

    @Test("A read that has waited too long is refused without having run", arguments: [(5_000, false), (5_001, true)])
    func late(waitedMs: Int64, isRefused: Bool) async throws {
        let clock = ManualClock()
        let turns = ReadTurns(width: 1, patienceMs: 5_000, clock: clock)
        for atEnd in [false, true] {
            let (gate, opener) = AsyncStream.makeStream(of: Void.self)
            let (begun, beginner) = AsyncStream.makeStream(of: Void.self)
            async let first: Void = turns.run { () throws(EngineError) in
                beginner.finish()
                for await _ in gate {}
            }
            for await _ in begun {}
            let second = Task {
                do {
                    try await turns.run { () throws(EngineError) in }
                    return nil as EngineError.Code?
                } catch {
                    return (error as? EngineError)?.code
                }
            }
            await Self.wait(for: 1, turns)
            clock.advance(byMs: waitedMs)
            if !atEnd {
                turns.refuseOverdue()
                #expect(turns.depth == (isRefused ? 0 : 1))
            }
            opener.finish()
            #expect(await second.value == (isRefused ? .overloaded : nil))
            try await first
        }
    }
}
