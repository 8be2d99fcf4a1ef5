import BreakerCore
import BreakerSQLite
import BreakerStorage
import EngineSupport
import FaultyDisk
import Foundation
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("The engine on a failing disk")
struct EngineFaultTests {
    /// The answer to a step of the script.
    private enum Answer {
        case done, unavailable, unknown
    }

    struct Fault: Sendable {
        var calls: [FaultyDisk.Call]
        var code: Int32
    }

    /// The steps of the script. Each report has an id, so that a retry shows whether it was stored.
    private enum Step: CaseIterable {
        case failEven, failOdd, acquireNew, failEvenAgain, tripEven, forceOdd, clearOdd, probeEven, batch, delete,
            recreate
    }

    /// Performs a step of the script.
    private func perform(_ step: Step, _ running: RunningEngine) async throws {
        let engine = running.engine
        switch step {
        case .failEven, .failEvenAgain, .tripEven:
            try await engine.report(Report(.failure, detail: "\(step)", id: "\(step)"), to: "even")
        case .failOdd: try await engine.report(Report(.failure, detail: "odd", id: "odd"), to: "odd")
        case .acquireNew: _ = try await engine.acquire("fresh")
        case .forceOdd:
            let name = try #require(BreakerName("odd"))
            _ = try await engine.setOverride(.forceOpen, of: name, reason: "r", expiresInMs: nil, actor: "a")
        case .clearOdd: _ = try await engine.clearOverride(of: try #require(BreakerName("odd")), actor: "a")
        case .probeEven:
            running.clock.advance(byMs: 60_000)
            _ = try await engine.acquire("even")
        case .batch:
            let names = try ["fresh", "other"].map { try #require(BreakerName($0)) }
            _ = try await engine.report(
                names.map { .init(name: $0, report: Report(.failure, detail: "batch", id: "batch")) }
            )
        case .delete: try await engine.delete(try #require(BreakerName("fresh")), actor: "a")
        case .recreate: _ = try await engine.acquire("fresh")
        }
    }

    private func script(_ running: RunningEngine) async throws -> [Answer] {
        var answers: [Answer] = []
        for step in Step.allCases {
            running.clock.advance(byMs: 10)
            do {
                try await perform(step, running)
                answers.append(.done)
            } catch let error as EngineError {
                switch error.code {
                case .storageUnavailable: answers.append(.unavailable)
                case .outcomeUnknown: answers.append(.unknown)
                // A later step may miss a breaker that a failed step did not create.
                case .unknownBreaker: answers.append(.done)
                default: throw error
                }
            }
        }
        return answers
    }

    private static func configuration() -> Engine.Configuration {
        var configuration = Engine.Configuration()
        configuration.book.default.failureThreshold = 3
        return configuration
    }

    @Test(
        "After a failure of any write or sync the panel equals the disk, and a retry counts a report exactly once",
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
        #expect(total >= Step.allCases.count)
        for nth in 1...total { try await check(nth: nth, calls: calls, code: code) }
    }

    private func check(nth: Int, calls: [FaultyDisk.Call], code: Int32) async throws {
        let disk = FaultyDisk()
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let comment: Comment = "fault \(nth) of \(calls) with \(code)"
        try await RunningEngine.with(
            folder: folder,
            clock: clock,
            configuration: Self.configuration(),
            vfs: disk.name
        ) { running async throws in
            disk.fail(nth, of: calls, with: code)
            let answers = try await script(running)
            // The n-th call may be a part of a checkpoint, whose failure is in no answer.
            if calls.contains(.sync), code == FaultyDisk.syncFailed {
                #expect(answers.contains { $0 != .done } || nth > Step.allCases.count, comment)
            }
            disk.heal()
            // The next commit settles an unknown outcome; from then on the panel equals the disk.
            await running.engine.writer.touchStore()
            try await compare(running, with: folder, comment)
            // A retry completes a refused step, and gets the first answer of a completed one.
            for (step, answer) in zip(Step.allCases, answers) {
                guard case .failOdd = step else { continue }
                let again = try await running.engine.report(
                    Report(.failure, detail: "odd", id: "odd"),
                    to: "odd"
                )
                if answer == .done { #expect(again.isDuplicate, comment) }
                if answer == .unavailable { #expect(!again.isDuplicate, comment) }
            }
            try await compare(running, with: folder, comment)
        }
    }

    /// Compares the panel with the breakers that a server started on the present files would load.
    private func compare(_ running: RunningEngine, with folder: TemporaryFolder, _ comment: Comment) async throws {
        let copy = try TemporaryFolder()
        for name in ["fusebox.db", "fusebox.db-wal"] where FileManager.default.fileExists(atPath: folder.path(name)) {
            try FileManager.default.copyItem(atPath: folder.path(name), toPath: copy.path(name))
        }
        let store = try SQLiteStore.open(path: copy.path("fusebox.db"), at: running.clock.now())
        defer { store.close() }
        let stored = try store.load().breakers.map(\.breaker)
        let preparedAnswers = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0.preparedAnswer) })
        #expect(running.engine.panel.preparedAnswers == preparedAnswers, comment)
        let summaries = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0.summary) })
        let image = Dictionary(uniqueKeysWithValues: running.engine.panelImage().breakers.map { ($0.name, $0.summary) })
        #expect(image == summaries, comment)
    }

    @Test("On a full disk the engine makes decisions that need no write, and it recovers without traffic")
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

    @Test(
        "An engine that starts on a full disk decides as before, and applies the configuration once there is space",
        arguments: [([FaultyDisk.Call.write], FaultyDisk.isFull), ([.sync], FaultyDisk.syncFailed)]
    )
    func startsOnAFullDisk(calls: [FaultyDisk.Call], code: Int32) async throws {
        let disk = FaultyDisk()
        let (folder, clock) = (try TemporaryFolder(), ManualClock())
        try await RunningEngine.with(folder: folder, clock: clock) { running async throws in
            _ = try await running.engine.acquire("closed")
            try await running.engine.trip("open")
        }
        var configuration = Engine.Configuration()
        configuration.book.default.failureThreshold = 2
        let configured = try #require(BreakerName("configured"))
        configuration.book = PolicyBook(
            default: configuration.book.default,
            profiles: [],
            breakers: [configured: Policy()]
        )
        disk.fail(1, of: calls, with: code, forGood: true)
        try await RunningEngine.with(folder: folder, clock: clock, configuration: configuration, vfs: disk.name) {
            running async throws in
            let engine = running.engine
            #expect(engine.storageHealth.isFailing)
            #expect(try await engine.acquire("closed").isAllowed)
            #expect(try await !engine.acquire("open").isAllowed)
            await #expect(throws: EngineError.self) { try await engine.report(Report(.failure), to: "closed") }
            // The configured policy is not in force until it is stored: a crash would revert it.
            #expect(try await engine.breaker("closed").breaker.policy.failureThreshold == 5)
            await engine.writer.touchStore()
            #expect(engine.storageHealth.isFailing)
            disk.heal()
            await engine.writer.touchStore()
            #expect(!engine.storageHealth.isFailing)
            #expect(try await engine.breaker("closed").breaker.policy.failureThreshold == 2)
            #expect(try await engine.breaker("configured").breaker.policySource == .config)
            try await compare(running, with: folder, "after the disk has space again")
        }
    }

    @Test("While the disk can be neither written nor read, nothing changes, and afterwards the panel is what is stored")
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

    @Test("A read after the writer has finished is refused if its last batch could not be undone")
    func readAfterTheEnd() async throws {
        let disk = FaultyDisk()
        try await RunningEngine.with(vfs: disk.name) { running async throws in
            try await running.engine.report(Report(.failure), to: "payments")
            disk.fail(1, of: [.write, .sync, .read], with: FaultyDisk.readFailed, forGood: true)
            await #expect(throws: EngineError.self) {
                try await running.engine.report(Report(.failure), to: "payments")
            }
            await running.engine.writer.finish()
            disk.heal()
            await #expect(throws: EngineError.storeFailed) { try await running.engine.breaker("payments") }
        }
    }

    @Test("A failed write does not lose the earlier reports of the same breaker")
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
