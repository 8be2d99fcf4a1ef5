package import BreakerCore
import BreakerStorage

extension Engine {
    /// Follows the changes of all breakers.
    ///
    /// - Parameters:
    ///   - revision: the last change that the follower knows; `nil` for one that begins with the panel.
    ///   - epoch: the history that the revision is of; `nil` where the follower does not know.
    /// - Returns: the follower, and what it is told at once; `nil` where that is nothing.
    /// - Throws: ``EngineError/Code/storageUnavailable``.
    package func follow(
        behind revision: Int64? = nil,
        of epoch: Epoch? = nil
    ) async throws(EngineError) -> (follower: Follower, first: Follower.Event?) {
        var follower = Follower(engine: self, position: revision)
        let first =
            if revision == nil {
                follower.resync(.start)
            } else if epoch ?? self.epoch != self.epoch {
                follower.resync(.unknownRevision)
            } else {
                try await follower.ready()
            }
        return (follower, first)
    }
}

/// One who follows the changes, from a revision on: each is told once, in order, and none is missed.
///
/// Revisions are committed and have no gaps, so a position is all it takes, across restarts too. What is behind the
/// position comes from the feed where the feed still has it, else from the store, where it has been committed before it
/// was published.
package struct Follower: Sendable {
    package enum Event: Sendable {
        /// The next changes.
        case changes([Journal.Change])
        /// Changes were lost to the follower: it begins anew with the whole panel. The next changes are those behind it.
        case resync(ResyncReason, PanelImage)
        /// Nothing happened since the last event; told at each ``Pulse/beat()``.
        case quiet
    }

    package enum ResyncReason: String, CaseIterable, Sendable {
        /// It named no revision.
        case start
        /// What happened behind its revision is no longer kept.
        case trimmed
        /// Its revision is none that this server has come to: another database, or an older copy of it.
        case unknownRevision = "unknown_revision"
        /// The clock was set, and every deadline with it.
        case clockStep = "clock_step"
    }

    /// The other end of a follower, for any thread.
    package struct Pulse: Sendable {
        fileprivate let feed: ChangeFeed
        fileprivate let ticket: Int

        /// Has the follower say that it is there, if it waits.
        package func beat() { feed.wake(ticket, .beat) }
    }

    package let pulse: Pulse
    /// The last revision that was told, or passed over.
    package private(set) var position: Int64
    private let engine: Engine
    /// Whether it has come to what is published as it happens. Behind that it may not fall behind again.
    private var isLive = false
    /// How many shifts of the clock it has heard of.
    private var shifts: Int
    private var hasFallenBehind = false

    /// How many changes are read from the store at once: twice what is taken from the feed, for a read costs more.
    static let pageSize = 2 * ChangeFeed.changesAtOnce

    fileprivate init(engine: Engine, position: Int64?) {
        self.engine = engine
        self.position = position ?? 0
        shifts = engine.feed.shifts(heardBehind: position)
        pulse = Pulse(feed: engine.feed, ticket: engine.feed.ticket())
    }

    /// Waits for the next event.
    /// - Returns: `nil` where the task is cancelled, the engine has stopped, or the follower was live and fell behind by
    ///   more than ``ChangeFeed/keptChanges``.
    /// - Throws: ``EngineError/Code/storageUnavailable``.
    package mutating func next() async throws(EngineError) -> Event? {
        while !hasFallenBehind {
            if let event = try await ready() { return event }
            switch await engine.feed.wait(pulse.ticket, behind: position, shifts: shifts) {
            case .published: continue
            case .beat: return .quiet
            case .ended: return nil
            }
        }
        return nil
    }

    /// What there is to tell without a wait; `nil` where that is nothing.
    fileprivate mutating func ready() async throws(EngineError) -> Event? {
        switch engine.feed.take(behind: position, shifts: shifts) {
        case .changes(let changes):
            isLive = true
            return advance(over: changes)
        case .shifted:
            shifts = engine.feed.shifts(heardBehind: nil)
            return resync(.clockStep)
        case .behind where isLive:
            hasFallenBehind = true
            return nil
        // What the store has and the feed has not is being published at this moment, or never was.
        case .upToDate where isLive: return nil
        case .behind, .upToDate: return try await catchUp()
        }
    }

    private mutating func advance(over changes: [Journal.Change]) -> Event {
        position = changes.last?.revision ?? position
        return .changes(changes)
    }

    fileprivate mutating func resync(_ reason: ResyncReason) -> Event {
        let image = engine.panelImage()
        position = image.revision
        return .resync(reason, image)
    }

    /// - Returns: `nil` where the store has no more than the follower.
    private mutating func catchUp() async throws(EngineError) -> Event? {
        // Just restarted, or a moment ago disconnected: nothing has to be read.
        if position == engine.feed.revision {
            isLive = true
            return nil
        }
        let page = try await engine.read { [reader = engine.reader, position] in
            try reader.changes(behind: position, limit: Self.pageSize)
        }
        switch page {
        case .changes(let changes) where changes.isEmpty:
            isLive = true
            return nil
        case .changes(let changes): return advance(over: changes)
        case .trimmed: return resync(.trimmed)
        case .unknownRevision: return resync(.unknownRevision)
        }
    }
}
