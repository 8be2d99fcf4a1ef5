import BreakerCore
import Testing

@testable import BreakerEngine

extension ChangeFeed {
    convenience init(revision: Int64) {
        self.init(PanelImage(revision: revision, shifts: 0, at: Instant(milliseconds: 0), breakers: []))
    }
}

@Suite("The feed keeps the newest changes for all who follow")
struct ChangeFeedTests {
    private func changes(_ revisions: ClosedRange<Int64>) throws -> [Journal.Change] {
        let name = try #require(BreakerName("a"))
        let instant = Instant(milliseconds: 0)
        return revisions.map {
            .init(revision: $0, name: name, breakerID: 1, at: instant, kind: .deleted(actor: nil), outline: nil)
        }
    }

    /// The revisions that are taken behind `position`; `nil` where they are no longer kept.
    private func taken(_ feed: ChangeFeed, behind position: Int64) -> [Int64]? {
        switch feed.take(behind: position) {
        case .upToDate: []
        case .behind, .shifted: nil
        case .changes(let changes): changes.map(\.revision)
        }
    }

    @Test("Begun at a revision, it has nothing of before")
    func empty() {
        let feed = ChangeFeed(revision: 7)
        #expect(taken(feed, behind: 7) == [])
        #expect(taken(feed, behind: 6) == nil)
        #expect(taken(feed, behind: 8) == [])
    }

    @Test("From any position the next changes come, be it in the midst of a batch")
    func positions() throws {
        let feed = ChangeFeed(revision: 2)
        for batch: ClosedRange<Int64> in [3...3, 4...6, 7...8] { feed.publish(try changes(batch)) }
        for position in 2...7 as ClosedRange<Int64> {
            #expect(taken(feed, behind: position) == Array(position + 1...8), "\(position)")
        }
        #expect(taken(feed, behind: 1) == nil)
        #expect(taken(feed, behind: 8) == [])
    }

    @Test("No more than a number of changes are taken at once, of one batch or of many", arguments: [1, 3, 1_000])
    func together(batch: Int64) throws {
        let feed = ChangeFeed(revision: 0)
        let many = Int64(ChangeFeed.changesAtOnce)
        var last: Int64 = 0
        while last < many + 1 {
            feed.publish(try changes(last + 1...last + batch))
            last += batch
        }
        #expect(taken(feed, behind: 0) == Array(1...many))
        #expect(taken(feed, behind: 1) == Array(2...many + 1))
        #expect(taken(feed, behind: last - 1) == [last])
    }

    @Test("The oldest batches go when there are too many changes; the last stays whole, however long")
    func bound() throws {
        let feed = ChangeFeed(revision: 0)
        let kept = Int64(ChangeFeed.keptChanges)
        feed.publish(try changes(1...1))
        feed.publish(try changes(2...kept))
        #expect(taken(feed, behind: 0)?.first == 1)
        feed.publish(try changes(kept + 1...kept + 1))
        #expect(taken(feed, behind: 0) == nil)
        #expect(taken(feed, behind: 1)?.first == 2)
        feed.publish(try changes(kept + 2...3 * kept))
        #expect(taken(feed, behind: kept) == nil)
        #expect(taken(feed, behind: kept + 1)?.first == kept + 2)
        #expect(taken(feed, behind: 3 * kept - 1) == [3 * kept])
    }

    @Test("The image has every change, be it let go, in batches of any size", arguments: [1, 7, 500, 4_096, 9_999])
    func image(batch: Int64) throws {
        let feed = ChangeFeed(revision: 0)
        let (kept, now) = (Int64(ChangeFeed.keptChanges), Instant(milliseconds: 0))
        let outline = Outline(state: .open, generation: 1, since: now, openUntil: nil, policyRevision: 1, override: nil)
        let total = 3 * kept + 1
        for first in stride(from: 1, through: total, by: Int(batch)) {
            let changes = try (first...min(first + batch - 1, total)).map { revision in
                // The second third is of names of the first.
                let number = revision > kept && revision <= 2 * kept ? revision - kept : revision
                return Journal.Change(
                    revision: revision,
                    name: try #require(BreakerName("b\(number)")),
                    breakerID: number,
                    at: now,
                    kind: .created,
                    outline: number == revision ? outline : nil
                )
            }
            feed.publish(changes)
        }
        let image = feed.image(at: now)
        #expect(image.revision == total)
        #expect(image.breakers.map(\.name.value) == (2 * kept + 1...total).map { "b\($0)" }.sorted())
        #expect(feed.image(at: now) === image)
    }

    @Test("A wait ends with the next change, or with the end of the feed; what is here is told to the end")
    func waits() async throws {
        let feed = ChangeFeed(revision: 1)
        let tickets = (0..<8).map { _ in feed.ticket() }
        #expect(Set(tickets).count == 8)
        #expect(await feed.wait(tickets[0], behind: 0) == .published)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for ticket in tickets { group.addTask { #expect(await feed.wait(ticket, behind: 1) == .published) } }
            feed.publish(try changes(2...2))
            try await group.waitForAll()
            for ticket in tickets { group.addTask { #expect(await feed.wait(ticket, behind: 2) == .ended) } }
            feed.close()
            try await group.waitForAll()
        }
        #expect(await feed.wait(tickets[0], behind: 1) == .published)
    }

    @Test("A wait ends with a beat for the one who waits, and with its task")
    func ends() async throws {
        let feed = ChangeFeed(revision: 1)
        let (beaten, other) = (feed.ticket(), feed.ticket())
        let waits = Task { await feed.wait(other, behind: 1) }
        // One beat of many meets it waiting.
        let beats = Task {
            while !Task.isCancelled {
                feed.wake(beaten, .beat)
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
        #expect(await feed.wait(beaten, behind: 1) == .beat)
        beats.cancel()
        waits.cancel()
        #expect(await waits.value == .ended)
    }
}
