import BreakerCore
import BreakerStorage
import EngineSupport
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("Reports with an id")
struct ReceiptTests {
    private let report = Report(.failure, durationMs: 10, id: "r-1")

    @Test("The same report again gets the first answer and counts once, also across a restart")
    func repeats() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        try await RunningEngine.with(folder: folder, clock: clock) { running async throws in
            let first = try await running.engine.report(report, to: "payments")
            #expect(!first.isDuplicate)
            #expect(try await running.engine.report(report, to: "payments").isDuplicate)
            #expect(try await running.engine.breaker("payments").breaker.consecutiveFailures == 1)
        }
        try await RunningEngine.with(folder: folder, clock: clock) { running async throws in
            let again = try await running.engine.report(report, to: "payments")
            #expect(again.isDuplicate && again.applied)
            #expect(try await running.engine.breaker("payments").breaker.consecutiveFailures == 1)
        }
    }

    @Test("A flood of ids pushes out those of its client alone, also after a restart; another's retry counts once")
    func flood() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        var retention = Retention()
        retention.receipts = 20
        for start in [0, 100] {
            try await RunningEngine.with(folder: folder, clock: clock, retention: retention) { running async throws in
                let engine = running.engine
                if start == 0 { try await engine.report(report, to: "payments", from: Client("checkout")) }
                for number in start..<(start + 100) {
                    try await engine.report(Report(.success, id: "f\(number)"), to: "search", from: Client("busy"))
                }
                #expect(try await engine.report(report, to: "payments", from: Client("checkout")).isDuplicate)
                #expect(try await engine.breaker("payments").breaker.consecutiveFailures == 1)
                for (number, isKept) in [(99, true), (81, true), (80, false)] {
                    let retry = Report(.success, id: "f\(start + number)")
                    let answer = try await engine.report(retry, to: "search", from: Client("busy"))
                    #expect(answer.isDuplicate == isKept, "f\(start + number)")
                }
            }
        }
    }

    @Test("The same report again is older by then, and the same all the same")
    func repeatsLater() async throws {
        try await RunningEngine.with { running async throws in
            let first = try await running.engine.report(report, to: "payments")
            running.clock.advance(byMs: 120_000)
            var later = report
            later.ageMs = 120_000
            let again = try await running.engine.report(later, to: "payments")
            #expect(again.isDuplicate && again.applied && again.generation == first.generation)
        }
    }

    @Test("An answer that was not applied is repeated as well")
    func repeatsRefusals() async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.trip("payments")
            #expect(try await running.engine.report(report, to: "payments").refusal == .open)
            running.clock.advance(byMs: 60_000)
            let again = try await running.engine.report(report, to: "payments")
            #expect(again.isDuplicate && again.refusal == .open)
        }
    }

    @Test("An id is free again 15 minutes later", arguments: [(899_999, true), (900_000, false)])
    func forgets(elapsedMs: Int64, isDuplicate: Bool) async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.report(report, to: "payments")
            running.clock.advance(byMs: elapsedMs)
            #expect(try await running.engine.report(report, to: "payments").isDuplicate == isDuplicate)
        }
    }

    @Test("Another report under the same id is refused and changes nothing")
    func conflicts() async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.report(report, to: "payments")
            let error = await #expect(throws: EngineError.self) {
                try await running.engine.report(Report(.success, durationMs: 10, id: "r-1"), to: "payments")
            }
            #expect(error?.code == .reportIDConflict)
            #expect(try await running.engine.breaker("payments").breaker.consecutiveFailures == 1)
        }
    }

    @Test("The same id for another breaker is another report")
    func isPerBreaker() async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.report(report, to: "payments")
            #expect(try await !running.engine.report(report, to: "search").isDuplicate)
        }
    }

    @Test("Within one batch, the second report of an id is the repetition")
    func repeatsWithinABatch() async throws {
        try await RunningEngine.with { running async throws in
            let name = try #require(BreakerName("payments"))
            let item = Engine.AddressedReport(name: name, report: report)
            let results = try await running.engine.report([item, item])
            #expect(try results.map { try $0.get().isDuplicate } == [false, true])
            #expect(try await running.engine.breaker("payments").breaker.consecutiveFailures == 1)
        }
    }

    @Test("An id goes with its breaker")
    func goesWithTheBreaker() async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.report(report, to: "payments")
            try await running.engine.delete(try #require(BreakerName("payments")), actor: "alice")
            #expect(try await !running.engine.report(report, to: "payments").isDuplicate)
        }
    }
}
