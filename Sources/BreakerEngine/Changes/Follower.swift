package import BreakerCore
import BreakerStorage

extension Engine {
    /// Follows the changes of all breakers.
    ///
    /// - Parameters:
    ///   - revision: the last change that the follower knows; `nil` to start with the panel.
    ///   - epoch: the history that the revision is of; `nil` if it is not known.
    /// - Returns: the follower, and its first event; `nil` if no event is ready.
    /// - Throws: ``EngineError/Code/storageUnavailable``.
    package func follow(
        after revision: Int64? = nil,
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

/// Follows the changes after a revision. Each change is delivered once, in order, and none is missed.
///
/// Revisions are committed and have no gaps, so a follower needs only a position, even across restarts. The changes
/// after the position come from the feed if it still has them, otherwise from the store: every change is committed
/// there before it is published.
package struct Follower: Sendable {
    package enum Event: Sendable {
        /// The next changes.
        case changes([Journal.Change])
        /// The whole panel. The follower starts with it, or starts again with it after it lost changes. The next
        /// changes are the changes after the panel's revision.
        case resync(ResyncReason, PanelImage)
        /// No change was published since the last event. Sent at each ``Pulse/beat()``.
        case quiet
    }

    package enum ResyncReason: String, CaseIterable, Sendable {
        /// The follower named no revision.
        case start
        /// The changes after the follower's revision are no longer kept.
        case trimmed
        /// This server has not reached the follower's revision: its database is another one, or an older copy.
        case unknownRevision = "unknown_revision"
        /// The clock was set, and every deadline with it.
        case clockStep = "clock_step"
    }

    /// Wakes a follower, from any thread.
    package struct Pulse: Sendable {
        fileprivate let feed: ChangeFeed
        fileprivate let ticket: Int

        /// Makes the follower return ``Event/quiet``, if it waits.
        package func beat() { feed.wake(ticket, .beat) }
    }

    package let pulse: Pulse
    /// The last revision that was delivered, or skipped by a resync.
    package private(set) var position: Int64
    private let engine: Engine
    /// Whether the follower has caught up with the feed. It ends if it falls behind after that.
    private var isLive = false
    /// How many shifts of the clock the follower has heard of.
    private var shifts: Int
    private var hasFallenBehind = false

    /// How many changes are read from the store at once: twice as many as are taken from the feed, because a read costs
    /// more.
    static let pageSize = 2 * ChangeFeed.changesAtOnce

    fileprivate init(engine: Engine, position: Int64?) {
        self.engine = engine
        self.position = position ?? 0
        shifts = engine.feed.shifts(knownAt: position)
        pulse = Pulse(feed: engine.feed, ticket: engine.feed.ticket())
    }

    /// Waits for the next event.
    /// - Returns: `nil` if the task is cancelled, if the engine has stopped, or if the follower had caught up and then
    ///   fell behind by more than ``ChangeFeed/keptChanges``.
    /// - Throws: ``EngineError/Code/storageUnavailable``.
    package mutating func next() async throws(EngineError) -> Event? {
        while !hasFallenBehind {
            if let event = try await ready() { return event }
            switch await engine.feed.wait(pulse.ticket, after: position, shifts: shifts) {
            case .published: continue
            case .beat: return .quiet
            case .ended: return nil
            }
        }
        return nil
    }

    /// The next event, if there is one without a wait; otherwise `nil`.
    fileprivate mutating func ready() async throws(EngineError) -> Event? {
        switch engine.feed.take(after: position, shifts: shifts) {
        case .changes(let changes):
            isLive = true
            return advance(over: changes)
        case .shifted:
            shifts = engine.feed.shifts(knownAt: nil)
            return resync(.clockStep)
        case .dropped where isLive:
            hasFallenBehind = true
            return nil
        // A change that the store has and the feed lacks is just being published, or was never published.
        case .upToDate where isLive: return nil
        case .dropped, .upToDate: return try await catchUp()
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

    /// Reads the next changes from the store.
    /// - Returns: `nil` if the store has no changes after the follower's position.
    private mutating func catchUp() async throws(EngineError) -> Event? {
        // The follower is up to date, as after a restart or a short disconnection: nothing has to be read.
        if position == engine.feed.revision {
            isLive = true
            return nil
        }
        let page = try await engine.read { [reader = engine.reader, position] in
            try reader.changes(after: position, limit: Self.pageSize)
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
