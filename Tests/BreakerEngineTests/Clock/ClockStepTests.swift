import BreakerCore
import BreakerStorage
import BreakerText
import EngineSupport
import FaultyDisk
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("Steps of the system's clock")
struct ClockStepTests {
    static let large: [Int64] = [-86_400_000, -60_001, 60_001, 86_400_000]

    /// Makes a breaker of each kind of deadline: `open`, `probing`, `forced`, and `counting` with a report that has an
    /// id.
    private func begin(_ running: RunningEngine) async throws {
        let (engine, clock) = (running.engine, running.clock)
        try await engine.trip("probing")
        clock.advance(byMs: 60_000)
        #expect(try await engine.acquire("probing").permit?.lease != nil)
        try await engine.trip("open")
        try await engine.report(Report(.failure, id: "r"), to: "counting")
        _ = try await engine.acquire("forced")
        let name = try #require(BreakerName("forced"))
        _ = try await engine.setOverride(.forceOpen, of: name, reason: "r", expiresInMs: 10_000, actor: "a")
    }

    private func expectDeadlines(_ running: RunningEngine) async throws {
        let (engine, clock) = (running.engine, running.clock)
        #expect(try await engine.acquire("open").retryAfterMs == 60_000)
        #expect(try await engine.acquire("probing").retryAfterMs == 30_000)
        #expect(try await engine.acquire("forced").retryAfterMs == 10_000)
        clock.advance(byMs: 29_999)
        #expect(try await !engine.acquire("probing").isAllowed)
        clock.advance(byMs: 1)
        #expect(try await engine.acquire("probing").isAllowed)
        clock.advance(byMs: 29_000)
        #expect(try await engine.breaker("counting").breaker.counts(at: clock.now()).failures == 1)
        clock.advance(byMs: 999)
        #expect(try await !engine.acquire("open").isAllowed)
        clock.advance(byMs: 1)
        #expect(try await engine.acquire("open").isAllowed)
        clock.advance(byMs: 1_000)
        #expect(try await engine.breaker("counting").breaker.counts(at: clock.now()).failures == 0)
        clock.advance(byMs: Receipt.lifetimeMs - 61_001)
        #expect(try await engine.report(Report(.failure, id: "r"), to: "counting").isDuplicate)
        clock.advance(byMs: 1)
        #expect(try await !engine.report(Report(.failure, id: "r"), to: "counting").isDuplicate)
    }

    @Test("A step of more than a minute moves the shown instants, and no deadline", arguments: large)
    func moves(stepMs: Int64) async throws {
        try await RunningEngine.with { running async throws in
            try await begin(running)
            let before = try await running.engine.breaker("open").breaker.since
            running.clock.setSystemClock(byMs: stepMs)
            await running.engine.writer.followClock()
            #expect(running.clock.now() == running.clock.systemClock)
            #expect(try await before.milliseconds(until: running.engine.breaker("open").breaker.since) == stepMs)
            let explanation = try await running.engine.explanation(of: #require(BreakerName("open")))
            #expect(explanation.text.contains("5 consecutive failures"), "\(explanation.text)")
            let counting = try await running.engine.explanation(of: #require(BreakerName("counting")))
            #expect(counting.failures.count == 1)
            try await expectDeadlines(running)
            let transitions = try await running.engine.transitions(visible: .all, before: nil, limit: 100)
            let revisions = transitions.map(\.transition.revision)
            #expect(revisions == revisions.sorted(by: >) && revisions.count >= 5)
        }
    }

    @Test("A step of more than a minute moves no deadline after a restart", arguments: large)
    func isStored(stepMs: Int64) async throws {
        let (folder, clock) = (try TemporaryFolder(), ManualClock())
        try await RunningEngine.with(folder: folder, clock: clock) { running async throws in
            try await begin(running)
            clock.setSystemClock(byMs: stepMs)
            await running.engine.writer.followClock()
        }
        let again = ManualClock(clock.systemClock)
        try await RunningEngine.with(folder: folder, clock: again) { try await expectDeadlines($0) }
    }

    @Test("A step of up to a minute moves nothing at once", arguments: [-60_000, 60_000] as [Int64])
    func small(stepMs: Int64) async throws {
        try await RunningEngine.with { running async throws in
            try await begin(running)
            let before = running.clock.now()
            running.clock.setSystemClock(byMs: stepMs)
            await running.engine.writer.followClock()
            #expect(running.clock.now() == before)
            #expect(try await running.engine.acquire("open").retryAfterMs == 60_000)
        }
    }

    @Test("A step takes effect only once it can be stored", arguments: [-3_600_000, 3_600_000])
    func fails(stepMs: Int64) async throws {
        let disk = FaultyDisk()
        try await RunningEngine.with(vfs: disk.name) { running async throws in
            try await begin(running)
            let before = running.clock.now()
            running.clock.setSystemClock(byMs: stepMs)
            disk.fail(1, of: [.write], with: FaultyDisk.isFull, forGood: true)
            await running.engine.writer.followClock()
            #expect(running.clock.now() == before)
            #expect(try await running.engine.acquire("open").retryAfterMs == 60_000)
            disk.heal()
            await running.engine.writer.touchStore()
            #expect(running.clock.now() == before)
            await running.engine.writer.followClock()
            #expect(running.clock.now() == running.clock.systemClock)
            try await expectDeadlines(running)
        }
    }

    @Test("A start with the clock set back an hour on a full disk moves no deadline")
    func fullDiskAtStart() async throws {
        let (folder, clock, disk) = (try TemporaryFolder(), ManualClock(), FaultyDisk())
        try await RunningEngine.with(folder: folder, clock: clock) { try await begin($0) }
        let again = ManualClock(clock.systemClock.advanced(byMilliseconds: -3_600_000))
        disk.fail(1, of: [.write], with: FaultyDisk.isFull, forGood: true)
        try await RunningEngine.with(folder: folder, clock: again, vfs: disk.name) { running async throws in
            #expect(try await running.engine.acquire("open").retryAfterMs == 60_000)
            disk.heal()
            await running.engine.writer.touchStore()
            await running.engine.writer.followClock()
            #expect(again.now() == again.systemClock)
            try await expectDeadlines(running)
        }
    }

    @Test("Followers get the panel again after a step, with its moved instants", arguments: [-3_600_000, 3_600_000])
    func followers(stepMs: Int64) async throws {
        try await RunningEngine.with { running async throws in
            let engine = running.engine
            try await engine.trip("open")
            let until = try #require(try await engine.breaker("open").breaker.openUntil)
            var live = try await engine.changesFromHere()
            let revision = live.position
            running.clock.setSystemClock(byMs: stepMs)
            await engine.writer.followClock()
            let (_, resumed) = try await engine.follow(after: revision)
            for event in [try await live.next(), resumed] {
                guard case .resync(.clockStep, let image)? = event else {
                    Issue.record("the follower received \(String(describing: event))")
                    continue
                }
                #expect(image.breakers.first?.summary.openUntil == until.advanced(byMilliseconds: stepMs))
                #expect(image.revision == revision)
            }
            _ = try await engine.acquire("new")
            #expect(try await live.nextChanges()?.map(\.revision) == [revision + 1])
            // A follower that has a later change has seen the step.
            let (_, later) = try await engine.follow(after: revision + 1)
            #expect(later == nil)
        }
    }

    @Test(
        "Decisions before and after a step are counted in the minutes of their clocks",
        arguments: [-7_200_000, 7_200_000]
    )
    func minutes(stepMs: Int64) async throws {
        try await RunningEngine.with { running async throws in
            let engine = running.engine
            _ = try await engine.acquire("a")
            await engine.writer.touchStore()
            func allowed() async throws -> Int64? {
                try await engine.history(
                    of: try #require(BreakerName("a")),
                    in: .init(endingAt: running.clock.now(), length: 1, count: 1)
                )
                .tallies.last?.allowed
            }
            for _ in 1...2 { _ = try await engine.acquire("a") }
            running.clock.setSystemClock(byMs: stepMs)
            await engine.writer.followClock()
            #expect(try await allowed() == 0)
            _ = try await engine.acquire("a")
            #expect(try await allowed() == 1)
            #expect(await !engine.writer.isWriteDue)
            running.clock.advance(byMs: 60_000)
            #expect(await engine.writer.isWriteDue)
        }
    }

    @Test(
        "A step does not make a waiting command overdue",
        arguments: [-3_600_000, 3_600_000]
    )
    func deadlines(stepMs: Int64) async throws {
        try await RunningEngine.with { running async throws in
            let engine = running.engine
            running.clock.setSystemClock(byMs: stepMs)
            async let step: Void = engine.writer.followClock()
            async let report = engine.report(Report(.failure), to: "a")
            await step
            engine.refuseOverdue()
            #expect(try await report.applied)
        }
    }
}
