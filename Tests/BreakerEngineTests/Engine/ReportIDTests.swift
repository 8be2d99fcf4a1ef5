import BreakerCore
import BreakerStorage
import EngineSupport
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("Reports with an id")
struct ReportIDTests {
    private let report = Report(.failure, durationMs: 10, id: "r-1")

    @Test("A repeated report gets the first answer and counts once, also after a restart")
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

    @Test("A flood of report ids evicts only its own client's ids, also after a restart")
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

    @Test("A report that is repeated with a greater age gets the first answer")
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

    @Test("A repeated report gets the first answer even if the report was refused")
    func repeatsRefusals() async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.trip("payments")
            #expect(try await running.engine.report(report, to: "payments").refusal == .open)
            running.clock.advance(byMs: 60_000)
            let again = try await running.engine.report(report, to: "payments")
            #expect(again.isDuplicate && again.refusal == .open)
        }
    }

    @Test("A report id is free again after 15 minutes", arguments: [(899_999, true), (900_000, false)])
    func forgets(elapsedMs: Int64, isDuplicate: Bool) async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.report(report, to: "payments")
            running.clock.advance(byMs: elapsedMs)
            #expect(try await running.engine.report(report, to: "payments").isDuplicate == isDuplicate)
        }
    }

    @Test("A different report with the same id is refused and changes nothing")
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

    @Test("The same report id for another breaker is another report")
    func isPerBreaker() async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.report(report, to: "payments")
            #expect(try await !running.engine.report(report, to: "search").isDuplicate)
        }
    }

    @Test("The second report with an id in one batch is a duplicate")
    func repeatsWithinABatch() async throws {
        try await RunningEngine.with { running async throws in
            let name = try #require(BreakerName("payments"))
            let item = Engine.AddressedReport(name: name, report: report)
            let results = try await running.engine.report([item, item])
            #expect(try results.map { try $0.get().isDuplicate } == [false, true])
            #expect(try await running.engine.breaker("payments").breaker.consecutiveFailures == 1)
        }
    }

    @Test("A report id is free again after its breaker is deleted")
    func goesWithTheBreaker() async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.report(report, to: "payments")
            try await running.engine.delete(try #require(BreakerName("payments")), actor: "alice")
            #expect(try await !running.engine.report(report, to: "payments").isDuplicate)
        }
    }
}
