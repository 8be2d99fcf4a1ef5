import NIOConcurrencyHelpers
import Synchronization

extension Fusebox {
    /// Counts of this process's decisions and outcomes since this ``Fusebox`` was created.
    public struct Statistics: Hashable, Sendable {
        /// The decisions on the calls of all breakers.
        public var decisions = DecisionTally()
        /// Outcomes that wait to be sent.
        public var waitingOutcomes = 0
        /// Outcomes that the server accepted.
        public var sentOutcomes = 0
        /// Outcomes that were dropped because there was no room, or because the server was unreachable for too long.
        public var droppedOutcomes = 0
        /// Outcomes that the server refused: for a name that the token may not use, for example.
        public var refusedOutcomes = 0
        /// Whether the stream of changes is connected.
        public var isConnected = false
        /// Whether the last request for a decision failed, and the server has accepted no outcome since.
        public var isAway = false
        /// Whether the server did not accept the last outcomes it was sent, so that they wait.
        public var areOutcomesHeldUp = false
        /// How old the panel is; `nil` if the stream has sent nothing yet.
        public var staleness: Duration?
    }

    public var statistics: Statistics {
        var statistics = Statistics()
        for entry in panel.entries {
            statistics.decisions = statistics.decisions + entry.state.withLockedValue { $0.tally }
        }
        reportSender.state.withLockedValue { state in
            statistics.waitingOutcomes = state.outbox.waiting
            statistics.droppedOutcomes = state.outbox.dropped
            statistics.sentOutcomes = state.sent
            statistics.refusedOutcomes = state.refused
        }
        statistics.isConnected = isConnected.load(ordering: .relaxed)
        statistics.isAway = reachability.withLockedValue { $0.isAway } && !hasTakenOutcomes.load(ordering: .relaxed)
        statistics.areOutcomesHeldUp = reportSender.isHeldUp
        let confirmedNs = confirmedNs.load(ordering: .relaxed)
        if confirmedNs != Self.never { statistics.staleness = .nanoseconds(max(0, clock.nowNs() - confirmedNs)) }
        return statistics
    }
}

/// The numbers of allowed and denied calls, by source of the decision.
public struct DecisionTally: Hashable, Sendable {
    public struct Counts: Hashable, Sendable {
        public var allowed = 0
        public var denied = 0

        mutating func count(_ isAllowed: Bool) {
            if isAllowed { allowed += 1 } else { denied += 1 }
        }

        static func + (left: Counts, right: Counts) -> Counts {
            Counts(allowed: left.allowed + right.allowed, denied: left.denied + right.denied)
        }
    }

    /// Decided in this process, from the stream's data.
    public var local = Counts()
    public var server = Counts()
    /// Decided while the server was unreachable or gave no decision.
    public var fallback = Counts()

    mutating func count(_ decision: CallDecision) {
        switch decision.source {
        case .local: local.count(decision.isAllowed)
        case .server: server.count(decision.isAllowed)
        case .fallback: fallback.count(decision.isAllowed)
        }
    }

    static func + (left: DecisionTally, right: DecisionTally) -> DecisionTally {
        DecisionTally(
            local: left.local + right.local,
            server: left.server + right.server,
            fallback: left.fallback + right.fallback
        )
    }
}
