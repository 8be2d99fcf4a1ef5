import BreakerCore
import EngineSupport
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("Decisions")
struct DecisionTests {
    @Test("The first acquire of a name creates its breaker, and then the panel answers without the writer")
    func createsAtFirstAcquire() async throws {
        try await RunningEngine.with { running async throws in
            #expect(try !running.engine.panelAnswers("payments"))
            let decision = try await running.engine.acquire("payments")
            #expect(decision == .allowed(Permit(generation: 1), state: .closed))
            #expect(try running.engine.panelAnswers("payments"))
        }
    }

    @Test("Every acquire after the answer to the report that trips is denied")
    func seesEffectsOfAnswers() async throws {
        try await RunningEngine.with { running async throws in
            for number in 1...50 {
                try await running.engine.trip("b\(number)")
                #expect(
                    try await running.engine.acquire("b\(number)")
                        == .denied(state: .open, generation: Int64(2 * number), retryAfterMs: 60_000)
                )
            }
        }
    }

    @Test(
        "After the recovery timeout of an open breaker, and not before, one of forty acquires gets the probe",
        arguments: [(59_999, 0), (60_000, 1)]
    )
    func recovers(elapsedMs: Int64, probes: Int) async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.trip("payments")
            running.clock.advance(byMs: elapsedMs)
            let allowed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 1...40 {
                    group.addTask { try await running.engine.acquire("payments").isAllowed }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(allowed == probes)
        }
    }

    @Test("A successful probe closes the breaker for every caller")
    func closes() async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.trip("payments")
            running.clock.advance(byMs: 60_000)
            let permit = try #require(try await running.engine.acquire("payments").permit)
            let answer = try await running.engine.report(Report(.success, permit: permit), to: "payments")
            #expect(answer == ReportAnswer(counted: 1, refusal: nil, state: .closed, generation: 4))
            #expect(try await running.engine.acquire("payments").isAllowed)
            #expect(try running.engine.panelAnswers("payments"))
        }
    }

    @Test("A report without a permit creates its breaker, and a report with a permit does not")
    func createsAtReport() async throws {
        try await RunningEngine.with { running async throws in
            let late = Report(.failure, permit: Permit(generation: 7))
            #expect(try await running.engine.report(late, to: "payments").refusal == .stalePermit)
            await #expect(throws: EngineError.self) { _ = try await running.engine.breaker("payments") }
            try await running.engine.report(Report(.failure), to: "payments")
            #expect(try await running.engine.breaker("payments").breaker.consecutiveFailures == 1)
        }
    }

    @Test("At the limit of breakers an unknown name is refused, and a known name is served", arguments: [1, 2, 3])
    func limitsBreakers(limit: Int) async throws {
        var configuration = Engine.Configuration()
        configuration.maximumBreakers = limit
        try await RunningEngine.with(configuration: configuration) { running async throws in
            for number in 1...limit { _ = try await running.engine.acquire("b\(number)") }
            let error = await #expect(throws: EngineError.self) { _ = try await running.engine.acquire("extra") }
            #expect(error?.code == .breakerLimit)
            #expect(try await running.engine.acquire("b1").isAllowed)
        }
    }

    @Test("The instant of a breaker's last acquire is kept, and stored with the next write")
    func remembersLastSeen() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        try await RunningEngine.with(folder: folder, clock: clock) { running async throws in
            _ = try await running.engine.acquire("payments")
            clock.advance(byMs: 1_000)
            _ = try await running.engine.acquire("payments")
            #expect(try await running.engine.breaker("payments").lastSeenAt == clock.now())
            try await running.engine.report(Report(.failure), to: "payments")
        }
        let seen = clock.now()
        clock.advance(byMs: 1_000)
        try await RunningEngine.with(folder: folder, clock: clock) { running async throws in
            #expect(try await running.engine.breaker("payments").lastSeenAt == seen)
        }
    }
}
