import BreakerCore
import Testing

@testable import BreakerEngine

extension ChangeFeed {
    convenience init(revision: Int64) {
        self.init(PanelImage(revision: revision, shifts: 0, at: Instant(milliseconds: 0), breakers: []))
    }
}

@Suite("The change feed")
struct ChangeFeedTests {
    private func changes(_ revisions: ClosedRange<Int64>) throws -> [Journal.Change] {
        let name = try #require(BreakerName("a"))
        let instant = Instant(milliseconds: 0)
        return revisions.map {
            .init(revision: $0, name: name, breakerID: 1, at: instant, kind: .deleted(actor: nil), summary: nil)
        }
    }

    /// The revisions taken after `position`; `nil` if the feed does not keep them.
    private func taken(_ feed: ChangeFeed, after position: Int64) -> [Int64]? {
        switch feed.take(after: position) {
        case .upToDate: []
        case .dropped, .shifted: nil
        case .changes(let changes): changes.map(\.revision)
        }
    }

    @Test("A feed that begins at a revision has no earlier change")
    func empty() {
        let feed = ChangeFeed(revision: 7)
        #expect(taken(feed, after: 7) == [])
        #expect(taken(feed, after: 6) == nil)
        #expect(taken(feed, after: 8) == [])
    }

    @Test("The feed gives the next changes after any position, even in the middle of a batch")
    func positions() throws {
        let feed = ChangeFeed(revision: 2)
        for batch: ClosedRange<Int64> in [3...3, 4...6, 7...8] { feed.publish(try changes(batch)) }
        for position in 2...7 as ClosedRange<Int64> {
            #expect(taken(feed, after: position) == Array(position + 1...8), "\(position)")
        }
        #expect(taken(feed, after: 1) == nil)
        #expect(taken(feed, after: 8) == [])
    }

    @Test("A take returns at most changesAtOnce changes, from one batch or from many", arguments: [1, 3, 1_000])
    func together(batch: Int64) throws {
        let feed = ChangeFeed(revision: 0)
        let many = Int64(ChangeFeed.changesAtOnce)
        var last: Int64 = 0
        while last < many + 1 {
            feed.publish(try changes(last + 1...last + batch))
            last += batch
        }
        #expect(taken(feed, after: 0) == Array(1...many))
        #expect(taken(feed, after: 1) == Array(2...many + 1))
        #expect(taken(feed, after: last - 1) == [last])
    }

    @Test("The feed drops its oldest batches if it has too many changes, but never a part of the last batch")
    func bound() throws {
        let feed = ChangeFeed(revision: 0)
        let kept = Int64(ChangeFeed.keptChanges)
        feed.publish(try changes(1...1))
        feed.publish(try changes(2...kept))
        #expect(taken(feed, after: 0)?.first == 1)
        feed.publish(try changes(kept + 1...kept + 1))
        #expect(taken(feed, after: 0) == nil)
        #expect(taken(feed, after: 1)?.first == 2)
        feed.publish(try changes(kept + 2...3 * kept))
        #expect(taken(feed, after: kept) == nil)
        #expect(taken(feed, after: kept + 1)?.first == kept + 2)
        #expect(taken(feed, after: 3 * kept - 1) == [3 * kept])
    }

    @Test(
        "The feed's image has every change, even those that the feed has dropped",
        arguments: [1, 7, 500, 4_096, 9_999]
    )
    func image(batch: Int64) throws {
        let feed = ChangeFeed(revision: 0)
        let (kept, now) = (Int64(ChangeFeed.keptChanges), Instant(milliseconds: 0))
        let summary = BreakerSummary(
            state: .open,
            generation: 1,
            since: now,
            openUntil: nil,
            policyRevision: 1,
            override: nil
        )
        let total = 3 * kept + 1
        for first in stride(from: 1, through: total, by: Int(batch)) {
            let changes = try (first...min(first + batch - 1, total)).map { revision in
                // The second third deletes the breakers of the first.
                let number = revision > kept && revision <= 2 * kept ? revision - kept : revision
                return Journal.Change(
                    revision: revision,
                    name: try #require(BreakerName("b\(number)")),
                    breakerID: number,
                    at: now,
                    kind: .created,
                    summary: number == revision ? summary : nil
                )
            }
            feed.publish(changes)
        }
        let image = feed.image(at: now)
        #expect(image.revision == total)
        #expect(image.breakers.map(\.name.value) == (2 * kept + 1...total).map { "b\($0)" }.sorted())
        #expect(feed.image(at: now) === image)
    }

    @Test("A wait ends with the next change or the end of the feed, and remaining changes are still published then")
    func waits() async throws {
        let feed = ChangeFeed(revision: 1)
        let tickets = (0..<8).map { _ in feed.ticket() }
        #expect(Set(tickets).count == 8)
        #expect(await feed.wait(tickets[0], after: 0) == .published)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for ticket in tickets { group.addTask { #expect(await feed.wait(ticket, after: 1) == .published) } }
            feed.publish(try changes(2...2))
            try await group.waitForAll()
            for ticket in tickets { group.addTask { #expect(await feed.wait(ticket, after: 2) == .ended) } }
            feed.close()
            try await group.waitForAll()
        }
        #expect(await feed.wait(tickets[0], after: 1) == .published)
    }

    @Test("A wait ends with a beat for its own ticket, or when its task is cancelled")
    func ends() async throws {
        let feed = ChangeFeed(revision: 1)
        let (beaten, other) = (feed.ticket(), feed.ticket())
        let waits = Task { await feed.wait(other, after: 1) }
        // Beats are repeated, because a beat before the wait has no effect.
        let beats = Task {
            while !Task.isCancelled {
                feed.wake(beaten, .beat)
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
        #expect(await feed.wait(beaten, after: 1) == .beat)
        beats.cancel()
        waits.cancel()
        #expect(await waits.value == .ended)
    }
}
