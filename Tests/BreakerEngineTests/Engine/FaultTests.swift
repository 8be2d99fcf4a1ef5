import BreakerCore
import EngineSupport
import FaultyDisk
import Testing

@testable import BreakerEngine

@Suite("A store that fails")
struct FaultTests {
    /// What a step of the script was answered.
    private enum Answer {
        case done, unavailable, unknown
    }

    struct Fault: Sendable {
        var calls: [FaultyDisk.Call]
        var code: Int32
    }

    private static let steps = 12

    /// Reports failures to two breakers by turns, each under an id of its own; an operator steers in between.
    private func script(_ running: RunningEngine) async throws -> [Answer] {
        var answers: [Answer] = []
        for step in 0..<Self.steps {
            running.clock.advance(byMs: 10)
            answers.append(try await report(step, to: running).1)
        }
        return answers
    }

    private func report(_ step: Int, to running: RunningEngine) async throws -> (ReportAnswer?, Answer) {
        do {
            let report = Report(.failure, detail: "step \(step)", id: "id-\(step)")
            return (try await running.engine.report(report, to: step % 2 == 0 ? "even" : "odd"), .done)
        } catch let error as EngineError {
            switch error.code {
            case .storageUnavailable: return (nil, .unavailable)
            case .outcomeUnknown: return (nil, .unknown)
            default: throw error
            }
        }
    }

    private static func configuration() -> Engine.Configuration {
        var configuration = Engine.Configuration()
        configuration.book.default.failureThreshold = 4
        return configuration
    }

    @Test(
        "For every n, the n-th write or sync may fail: each answer is true, the panel is what the disk has, and a retry completes it",
        arguments: [
            Fault(calls: [.write], code: FaultyDisk.writeFailed), Fault(calls: [.write], code: FaultyDisk.isFull),
            Fault(calls: [.sync], code: FaultyDisk.syncFailed), Fault(calls: [.write, .sync], code: FaultyDisk.isFull),
        ]
    )
    func everyFault(fault: Fault) async throws {
        let (calls, code) = (fault.calls, fault.code)
        let clean = FaultyDisk()
        let total = try await RunningEngine.with(configuration: Self.configuration(), vfs: clean.name) {
            running async throws in
            clean.fail(0, of: calls, with: code)
            _ = try await script(running)
            return clean.count
        }
        #expect(total >= Self.steps)
        for nth in 1...total { try await check(nth: nth, calls: calls, code: code) }
    }

    private func check(nth: Int, calls: [FaultyDisk.Call], code: Int32) async throws {
        let disk = FaultyDisk()
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let comment: Comment = "fault \(nth) of \(calls) with \(code)"
        var standings: [BreakerName: Standing] = [:]
        try await RunningEngine.with(
            folder: folder,
            clock: clock,
            configuration: Self.configuration(),
            vfs: disk.name
        ) { running async throws in
            disk.fail(nth, of: calls, with: code)
            let answers = try await script(running)
            disk.heal()
            // A retry tells what became of each step: what was done is a repetition, what was refused had no effect.
            for (step, answer) in answers.enumerated() {
                let (retried, again) = try await report(step, to: running)
                #expect(again == .done, comment)
                switch answer {
                case .done: #expect(retried?.isDuplicate == true, comment)
                case .unavailable: #expect(retried?.isDuplicate == false, comment)
                case .unknown: break
                }
            }
            standings = running.engine.panel.standings
        }
        try await RunningEngine.with(folder: folder, clock: clock, configuration: Self.configuration()) {
            running async throws in
            #expect(running.engine.panel.standings == standings, comment)
            for name in ["even", "odd"] {
                let rows = try await running.engine.failures(
                    of: try #require(BreakerName(name)),
                    before: nil,
                    limit: 100
                )
                let details = rows.compactMap(\.detail)
                #expect(Set(details).count == details.count && details.count == 4, comment)
            }
        }
    }

    @Test("With a disk that stays full, decisions go on where they need no write; it heals without traffic")
    func decidesOnAFullDisk() async throws {
        let disk = FaultyDisk()
        try await RunningEngine.with(vfs: disk.name) { running async throws in
            let engine = running.engine
            _ = try await engine.acquire("closed")
            try await engine.trip("open")
            disk.fail(1, of: [.write], with: FaultyDisk.isFull, forGood: true)
            for _ in 1...3 {
                await #expect(throws: EngineError.storageUnavailable) {
                    try await engine.report(Report(.failure), to: "closed")
                }
            }
            #expect(engine.storageHealth.isFailing)
            #expect(try await engine.acquire("closed").isAllowed)
            #expect(try await !engine.acquire("open").isAllowed)
            #expect(try await engine.breaker("closed").breaker.consecutiveFailures == 0)
            await #expect(throws: EngineError.storageUnavailable) { _ = try await engine.acquire("unknown") }
            running.clock.advance(byMs: 60_000)
            await #expect(throws: EngineError.storageUnavailable) { _ = try await engine.acquire("open") }
            disk.heal()
            await engine.writer.touchStore()
            #expect(!engine.storageHealth.isFailing)
            #expect(try await engine.acquire("open").permit?.lease != nil)
            #expect(try await engine.report(Report(.failure), to: "closed").applied)
        }
    }

    @Test("While the disk can neither be written nor read, nothing is changed; afterwards the panel is what is stored")
    func survivesADeadDisk() async throws {
        let disk = FaultyDisk()
        try await RunningEngine.with(vfs: disk.name) { running async throws in
            try await running.engine.report(Report(.failure), to: "payments")
            disk.fail(1, of: [.write, .sync, .read], with: FaultyDisk.readFailed, forGood: true)
            for _ in 1...5 {
                await #expect(throws: EngineError.self) {
                    try await running.engine.report(Report(.failure), to: "payments")
                }
            }
            disk.heal()
            #expect(try await running.engine.report(Report(.failure), to: "payments").applied)
            #expect(try await running.engine.breaker("payments").breaker.consecutiveFailures == 2)
        }
    }

    @Test("A failing write does not lose what was reported before in the same breaker")
    func keepsWhatWasStored() async throws {
        let disk = FaultyDisk()
        try await RunningEngine.with(vfs: disk.name) { running async throws in
            for _ in 1...3 { try await running.engine.report(Report(.failure), to: "payments") }
            disk.fail(1, of: [.write], with: FaultyDisk.isFull)
            await #expect(throws: EngineError.storageUnavailable) {
                try await running.engine.report(Report(.failure), to: "payments")
            }
            disk.heal()
            #expect(try await running.engine.report(Report(.failure), to: "payments").state == .closed)
            #expect(try await running.engine.report(Report(.failure), to: "payments").state == .open)
        }
    }
}
