import BreakerCore
import BreakerSQLite
import BreakerStorage
import EngineSupport
import FaultyDisk
import Foundation
import TestSupport
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

    /// A step of the script; each says what it did, so that a retry can tell whether it was done before.
    private enum Step: CaseIterable {
        case failEven, failOdd, acquireNew, failEvenAgain, tripEven, forceOdd, clearOdd, probeEven, batch, delete,
            recreate
    }

    /// What a step of the script was answered.
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
                // What a step that failed did not do, a later one may miss.
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
            // The n-th call may be one of a checkpoint, which fails without anybody being told.
            if calls.contains(.sync), code == FaultyDisk.syncFailed {
                #expect(answers.contains { $0 != .done } || nth > Step.allCases.count, comment)
            }
            disk.heal()
            // The next commit settles what was unknown: from here on the panel is what the disk has.
            await running.engine.writer.touchStore()
            try await compare(running, with: folder, comment)
            // A retry completes what was refused, and repeats the answer of what was done.
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

    /// Holds the panel against what a server would find that started on the files as they are.
    private func compare(_ running: RunningEngine, with folder: TemporaryFolder, _ comment: Comment) async throws {
        let copy = try TemporaryFolder()
        for name in ["fusebox.db", "fusebox.db-wal"] where FileManager.default.fileExists(atPath: folder.path(name)) {
            try FileManager.default.copyItem(atPath: folder.path(name), toPath: copy.path(name))
        }
        let store = try SQLiteStore.open(path: copy.path("fusebox.db"), at: running.clock.now())
        defer { store.close() }
        let stored = try store.load().breakers.map { try #require(Breaker($0.snapshot)) }
        let standings = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0.standing) })
        #expect(running.engine.panel.standings == standings, comment)
        let outlines = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0.outline) })
        let image = Dictionary(uniqueKeysWithValues: running.engine.panelImage().breakers.map { ($0.name, $0.outline) })
        #expect(image == outlines, comment)
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

    @Test(
        "With a disk that is full at the start, it decides as before, and applies the configuration once there is space",
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
            // What is not stored is not in force: a crash would take it back.
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

    @Test("A read after the end, with a batch that could not be undone, is refused")
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
            await #expect(throws: EngineError.storageUnavailable) { try await running.engine.breaker("payments") }
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
