import NIOConcurrencyHelpers
import Synchronization

extension Fusebox {
    /// What a process knows of its own decisions and outcomes, since it made this ``Fusebox``.
    public struct Statistics: Hashable, Sendable {
        /// Over all breakers.
        public var decisions = DecisionTally()
        /// Outcomes that wait to be sent.
        public var waitingOutcomes = 0
        /// Outcomes that the server took.
        public var sentOutcomes = 0
        /// Outcomes that were let go, for there was no room, or the server was away for too long.
        public var droppedOutcomes = 0
        /// Outcomes that the server did not take: of a name that the token may not touch, for example.
        public var refusedOutcomes = 0
        /// Whether the stream of changes is connected.
        public var isConnected = false
        /// Whether the server gave no answer when it was asked for a decision last, and has taken no outcome since.
        public var isAway = false
        /// Whether the server did not take the outcomes that it was sent last, so that they wait.
        public var areOutcomesHeldUp = false
        /// How old what the stream told is; `nil` where it told nothing yet.
        public var staleness: Duration?
    }

    public var statistics: Statistics {
        var statistics = Statistics()
        for entry in panel.entries {
            statistics.decisions = statistics.decisions + entry.state.withLockedValue { $0.tally }
        }
        outlet.state.withLockedValue { state in
            statistics.waitingOutcomes = state.outbox.waiting
            statistics.droppedOutcomes = state.outbox.dropped
            statistics.sentOutcomes = state.sent
            statistics.refusedOutcomes = state.refused
        }
        statistics.isConnected = isConnected.load(ordering: .relaxed)
        statistics.isAway = reachability.withLockedValue { $0.isAway } && !hasTakenOutcomes.load(ordering: .relaxed)
        statistics.areOutcomesHeldUp = outlet.isHeldUp
        let heardNs = heardNs.load(ordering: .relaxed)
        if heardNs != Self.never { statistics.staleness = .nanoseconds(max(0, clock.nowNs() - heardNs)) }
        return statistics
    }
}
