import BreakerCore
import BreakerSQLite
import EngineSupport
import Logging
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("Due changes")
struct DueChangeTests {
    @Test("A due transition is stored and published without traffic")
    func happensByItself() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        try await RunningEngine.with(folder: folder, clock: clock) { running async throws in
            try await running.engine.trip("payments")
            var changes = try await running.engine.changesFromHere()
            clock.advance(byMs: 60_000)
            running.engine.submitDueChanges()
            let change = try #require(try await changes.nextChanges()?.first)
            guard case .transition(let transition) = change.kind else {
                Issue.record("\(change) is no transition")
                return
            }
            #expect(transition.cause == .recoveryTimeout && transition.to == .halfOpen)
            let stored = try await running.engine.transitions(
                of: try #require(BreakerName("payments")),
                before: nil,
                limit: 1
            )
            #expect(stored.first == transition)
        }
    }

    @Test("On a real clock the timer applies a due transition")
    func timerFires() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("fusebox.db")
        let clock = AnchoredClock()
        var configuration = Engine.Configuration()
        configuration.book.default.recoveryTimeoutMs = 100
        let engine = try Engine(
            store: try SQLiteStore.open(path: path, at: clock.now()),
            reader: try SQLiteReader(path: path),
            configuration: configuration,
            clock: clock,
            logger: .init(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let running = Task { try await engine.run() }
        var changes = try await engine.changesFromHere()
        for _ in 1...5 { try await engine.report(Report(.failure), to: "payments") }
        var causes: [Cause] = []
        while causes.count < 2, let next = try await changes.nextChanges() {
            causes += next.compactMap { $0.transition?.cause }
        }
        #expect(causes == [.failureThreshold, .recoveryTimeout])
        running.cancel()
        try await running.value
    }

    @Test("The view of a breaker shows a due transition before it is stored")
    func viewsAreAhead() async throws {
        try await RunningEngine.with { running async throws in
            try await running.engine.trip("payments")
            running.clock.advance(byMs: 60_000)
            let view = try await running.engine.breaker("payments").breaker
            #expect(view.state == .halfOpen && view.lastTransition?.cause == .failureThreshold)
            let stored = try await running.engine.transitions(
                of: try #require(BreakerName("payments")),
                before: nil,
                limit: 10
            )
            #expect(stored.map(\.to) == [.open])
        }
    }

    @Test("A clock set back an hour at a restart does not lengthen a recovery timeout or an override")
    func survivesAClockStep() async throws {
        let folder = try TemporaryFolder()
        let before = ManualClock()
        let name = try #require(BreakerName("payments"))
        try await RunningEngine.with(folder: folder, clock: before) { running async throws in
            try await running.engine.trip("payments")
            try await running.engine.trip("search")
            _ = try await running.engine.setOverride(
                .forceOpen,
                of: try #require(BreakerName("search")),
                reason: "maintenance",
                expiresInMs: 10_000,
                actor: "alice"
            )
            before.advance(byMs: 20)
            try await running.engine.report(Report(.failure), to: "other")
        }
        let after = ManualClock(before.now().advanced(byMilliseconds: -3_600_000))
        try await RunningEngine.with(folder: folder, clock: after) { running async throws in
            #expect(
                try await running.engine.acquire("payments")
                    == .denied(state: .open, generation: 2, retryAfterMs: 59_980)
            )
            #expect(
                try await running.engine.acquire("search") == .denied(state: .open, generation: 5, retryAfterMs: 9_980)
            )
            after.advance(byMs: 59_980)
            #expect(try await running.engine.acquire("payments").isAllowed)
            #expect(try await running.engine.breaker(name).breaker.openings(inHourBefore: after.now()) == 1)
        }
    }

    @Test("A clock set back an hour at a restart does not lengthen a lease, a window or the life of a report id")
    func shiftsAllThatLasts() async throws {
        let folder = try TemporaryFolder()
        let before = ManualClock()
        var configuration = Engine.Configuration()
        configuration.book.default.failureThreshold = 3
        let counted = Report(.failure, id: "r-1")
        try await RunningEngine.with(folder: folder, clock: before, configuration: configuration) {
            running async throws in
            for _ in 1...3 { try await running.engine.report(Report(.failure), to: "probing") }
            before.advance(byMs: 60_000)
            #expect(try await running.engine.acquire("probing").permit?.lease != nil)
            try await running.engine.report(counted, to: "counting")
        }
        let after = ManualClock(before.now().advanced(byMilliseconds: -3_600_000))
        try await RunningEngine.with(folder: folder, clock: after, configuration: configuration) {
            running async throws in
            #expect(
                try await running.engine.acquire("probing")
                    == .denied(state: .halfOpen, generation: 3, retryAfterMs: 30_000)
            )
            #expect(try await running.engine.report(counted, to: "counting").isDuplicate)
            after.advance(byMs: 30_000)
            #expect(try await running.engine.acquire("probing").isAllowed)
            after.advance(byMs: 29_999)
            #expect(try await running.engine.breaker("counting").breaker.counts(at: after.now()).failures == 1)
            after.advance(byMs: 1_001)
            #expect(try await running.engine.breaker("counting").breaker.counts(at: after.now()).failures == 0)
            after.advance(byMs: 900_000 - 61_000)
            #expect(try await !running.engine.report(counted, to: "counting").isDuplicate)
        }
    }

    @Test("A clock set ahead at a restart ends a recovery timeout early")
    func acceptsAForwardJump() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        try await RunningEngine.with(folder: folder, clock: clock) { try await $0.engine.trip("payments") }
        clock.advance(byMs: 3_600_000)
        try await RunningEngine.with(folder: folder, clock: clock) { running async throws in
            #expect(try await running.engine.acquire("payments").isAllowed)
        }
    }
}
