import BreakerAPI
import BreakerCore
import Dispatch
import EngineSupport
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import BreakerEngine
@testable import BreakerHTTP

@Suite("Scrapes while the writer hangs or all readers are busy")
struct HangingWriterTests {
    @Test("A scrape reports how long the oldest command has waited, and all metrics that do not need the writer")
    func lag() async throws {
        var configuration = Engine.Configuration()
        // A scrape waits for this long for the breakers' series.
        configuration.commandDeadlineMs = 100
        try await TestServer.with(configuration: configuration) { server in
            _ = try await server.acquire("a")
            #expect(try await server.metrics()["fusebox_writer_lag_seconds"] == 0)
            try await server.engine.whileWriterStands { standstill in
                server.clock.advance(byMs: 2_500)
                let inHand = try await server.metrics()
                #expect(inHand["fusebox_writer_lag_seconds"] == 2.5)
                #expect(inHand["fusebox_writer_queue_depth"] == 0)
                #expect(inHand["fusebox_breaker_generation{breaker=\"a\"}"] == nil)
                async let waits = server.report("a", "outcome=failure")
                await server.engine.waitForQueue(of: 1)
                server.clock.advance(byMs: 1_000)
                let queued = try await server.metrics()
                #expect(queued["fusebox_writer_lag_seconds"] == 3.5, "the one in hand is the oldest")
                #expect(queued["fusebox_writer_queue_depth"] == 1)
                #expect(queued["fusebox_http_connections"].map { $0 >= 1 } == true)
                standstill.end()
                try await waits.expectProblem(.overloaded)
            }
            let metrics = try await server.metrics()
            #expect(metrics["fusebox_writer_lag_seconds"] == 0)
            #expect(metrics["fusebox_breaker_generation{breaker=\"a\"}"] == 1)
        }
    }

    @Test(
        "A scrape counts the breakers without the writer, which it needs only for breakers that get series",
        arguments: [0, 1]
    )
    func counts(limit: Int) async throws {
        var configuration = Engine.Configuration()
        configuration.commandDeadlineMs = 100
        try await RunningEngine.with(configuration: configuration) { running in
            for name in ["a", "b", "c"] { _ = try await running.engine.acquire(#require(BreakerName(name))) }
            try await running.engine.whileWriterStands { _ in
                let panel = await running.engine.panelReading(visible: .all, limit: limit)
                #expect(panel?.totals.total == (limit == 0 ? 3 : nil))
            }
        }
    }

    @Test("A scrape waits until the scrape before it has its answer from the writer")
    func turns() async throws {
        try await RunningEngine.with { running in
            let engine = running.engine
            _ = try await engine.acquire(#require(BreakerName("a")))
            try await engine.whileWriterStands { standstill in
                async let first = engine.panelReading(visible: .all, limit: 1)
                async let second = engine.panelReading(visible: .all, limit: 1)
                while engine.scrapeTurns.depth < 1 { await Task.yield() }
                standstill.end()
                #expect(await first?.breakers.count == 1)
                #expect(await second?.breakers.count == 1)
            }
        }
    }

    @Test("A scrape and a health check are answered while lists and reads of the store have taken all turns")
    func busyReaders() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let engine = server.engine
            var held: [HeldTurn] = []
            defer { for turn in held { turn.release() } }
            for turns in [engine.listTurns, engine.listTurns, engine.storeTurns, engine.storeTurns] {
                held.append(await HeldTurn(of: turns))
            }
            async let list = server.send(.GET, "/v1/breakers")
            async let log = server.send(.GET, "/v1/transitions")
            while engine.listTurns.depth < 1 || engine.storeTurns.depth < 1 { await Task.yield() }
            #expect(try await server.metrics()["fusebox_breaker_generation{breaker=\"a\"}"] == 1)
            #expect(try await server.send(.GET, "/readyz").status == 200)
            for turn in held { turn.release() }
            #expect(try await list.status == 200)
            #expect(try await log.status == 200)
        }
    }

    @Test("A scrape is answered while every thread that reads the files of backups is busy")
    func busyThreads() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let semaphore = DispatchSemaphore(value: 0)
            let threads = NIOSingletons.blockingPoolThreadCountSuggestion
            for _ in 0..<threads { NIOThreadPool.singleton.submit { _ in semaphore.wait() } }
            defer { for _ in 0..<threads { semaphore.signal() } }
            #expect(try await server.metrics()["fusebox_breaker_generation{breaker=\"a\"}"] == 1)
        }
    }
}

/// A read that keeps its turn until it is released.
private struct HeldTurn {
    private let opener: AsyncStream<Void>.Continuation
    private let read: Task<Void, any Error>

    /// Waits until the turn has come.
    init(of turns: ReadTurns) async {
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let (begun, beginner) = AsyncStream.makeStream(of: Void.self)
        self.opener = opener
        read = Task {
            try await turns.run { () throws(EngineError) in
                beginner.finish()
                for await _ in gate {}
            }
        }
        for await _ in begun {}
    }

    func release() { opener.finish() }
}
