import BreakerCore
import EngineSupport
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("Followers of changes")
struct FollowerTests {
    /// Resets eight breakers in turn, many at a time, so that batches have many sizes.
    private func reset(_ engine: Engine, times: Int) async throws {
        let names = try (0..<8).map { try #require(BreakerName("breaker-\($0)")) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<times {
                if number >= 64 { try await group.next() }
                group.addTask { _ = try await engine.reset(names[number % 8], to: .closed, actor: "ops") }
            }
            try await group.waitForAll()
        }
    }

    /// Follows the changes from `start` to `end`: each follower takes a few events, and the next one resumes where it
    /// stopped.
    ///
    /// - Returns: The revisions that the followers received.
    private static func follow(
        _ engine: Engine,
        from start: Int64,
        to end: Int64,
        random: SplitMix64
    ) async throws -> [Int64] {
        var random = random
        var received: [Int64] = []
        var position = start
        while position < end {
            var (follower, event) = try await engine.follow(after: position)
            // The first event may already have the last changes.
            for _ in 0...random.below(20) where event != nil || follower.position < end {
                if event == nil { event = try await follower.next() }
                // A live follower that waited too long for the processor is dropped.
                if event == nil, case .dropped = engine.feed.take(after: follower.position) { break }
                guard case .changes(let changes)? = event else {
                    Issue.record("the follower received \(String(describing: event)) after \(position)")
                    return received
                }
                received += changes.map(\.revision)
                #expect(follower.position == received.last)
                event = nil
                if random.below(4) == 0 { await Task.yield() }
            }
            position = received.last ?? start
        }
        return received
    }

    @Test("A follower that begins at any revision during writes gets each later change once, in order")
    func resume() async throws {
        let seed = UInt64.random(in: 0...(.max))
        var random = SplitMix64(seed: seed)
        try await RunningEngine.with { running in
            let engine = running.engine
            for number in 0..<8 { _ = try await engine.acquire("breaker-\(number)") }
            // More changes than the feed keeps: some followers begin at a revision that only the store has.
            let before = ChangeFeed.keptChanges + 500
            try await reset(engine, times: before)
            let end = Int64(8 + before + 1_500)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await reset(engine, times: 1_500) }
                for number in 0..<100 {
                    let start = Int64(number == 0 ? 0 : random.below(8 + before + 1))
                    let own = SplitMix64(seed: random.next())
                    group.addTask {
                        let received = try await Self.follow(engine, from: start, to: end, random: own)
                        #expect(received == Array(start + 1...end), "seed \(seed), from \(start)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("A follower that begins with the panel gets the changes after it, and none that it contains")
    func panel() async throws {
        try await RunningEngine.with { running in
            let engine = running.engine
            for number in 0..<8 { _ = try await engine.acquire("breaker-\(number)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await reset(engine, times: 500) }
                for _ in 0..<50 {
                    group.addTask {
                        var (follower, first) = try await engine.follow()
                        guard case .resync(.start, let image)? = first else {
                            Issue.record("the follower received \(String(describing: first)) first")
                            return
                        }
                        var generations = Dictionary(
                            uniqueKeysWithValues: image.breakers.map { ($0.name, $0.summary.generation) }
                        )
                        #expect(image.revision == generations.values.max())
                        while follower.position < 508 {
                            for change in try #require(try await follower.nextChanges()) {
                                #expect(change.revision > image.revision)
                                generations[change.name] = change.summary?.generation
                            }
                        }
                        #expect(generations.values.max() == 508)
                        #expect(Set(generations.values).count == 8)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("A follower that falls behind the feed ends, and the next follower resumes from the store")
    func fallsBehind() async throws {
        try await RunningEngine.with { running in
            let engine = running.engine
            for number in 0..<8 { _ = try await engine.acquire("breaker-\(number)") }
            var (follower, first) = try await engine.follow(after: 8)
            #expect(first == nil)
            // The oldest batch, which the feed drops as a whole, may have many changes.
            try await reset(engine, times: ChangeFeed.keptChanges + 200)
            #expect(try await follower.next() == nil)
            (follower, first) = try await engine.follow(after: 8)
            #expect(follower.position > 8)
            guard case .changes(let changes)? = first else {
                Issue.record("the follower received \(String(describing: first))")
                return
            }
            #expect(changes.first?.revision == 9)
        }
    }

    @Test("A follower of a stopped engine ends after the remaining changes")
    func stops() async throws {
        let running = try RunningEngine()
        defer { withExtendedLifetime(running) {} }
        let engine = running.engine
        var (follower, _) = try await engine.follow()
        _ = try await engine.acquire("a")
        await engine.stop()
        #expect(try await follower.nextChanges()?.map(\.revision) == [1])
        #expect(try await follower.next() == nil)
    }
}
