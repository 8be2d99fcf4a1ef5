package import BreakerCore

/// What is measured of one breaker, as it is at one moment: everything due has happened.
package struct BreakerReading: Sendable {
    package struct OverrideReading: Sendable {
        package var mode: Override.Mode
        package var since: Instant
        /// `nil` where it stands until it is cleared.
        package var expiresAt: Instant?
    }

    package var name: BreakerName
    package var state: State
    package var generation: Int64
    package var openingsLastHour: Int
    package var override: OverrideReading?
    package var decisions = DecisionTally()
    package var reports: ReportTally
    package var transitions: [TransitionTally]
    /// The rules that are on, any of which trips.
    package var rules: [Cause]

    init(_ breaker: Breaker, reports: ReportTally, transitions: [TransitionTally], at now: Instant) {
        name = breaker.name
        state = breaker.state
        generation = breaker.generation
        openingsLastHour = breaker.openings(inHourBefore: now)
        override = breaker.override.map {
            OverrideReading(mode: $0.mode, since: $0.since, expiresAt: $0.expiresAt)
        }
        self.reports = reports
        self.transitions = transitions
        rules = Rule.on(in: breaker.policy).map(\.cause)
    }
}

/// What is measured of the breakers that somebody may see: of as many as asked for, and how many there are.
package struct PanelReading: Sendable {
    /// Those that need attention first: overridden, open, half open, closed; each by name. Never more than `limit` of
    /// a rank, for no more are asked for.
    private var ranks: [[BreakerReading]] = Array(repeating: [], count: 4)
    /// How many there are in each state, of those left out as well.
    package private(set) var counts: [State: Int] = [:]
    package let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    package internal(set) var breakers: [BreakerReading] = []

    package var total: Int { counts.values.reduce(0, +) }

    package var leftOut: Int { max(0, total - limit) }

    /// Puts those in order that have room.
    mutating func finish(decisions: ([BreakerName]) -> [DecisionTally]) {
        breakers = Array(ranks.joined().prefix(limit))
        ranks = []
        for (index, tally) in decisions(breakers.map(\.name)).enumerated() { breakers[index].decisions = tally }
    }

    /// - Parameter reading: called where there is room for the breaker.
    mutating func add(_ breaker: Breaker, reading: () -> BreakerReading) {
        counts[breaker.state, default: 0] += 1
        let rank = Self.rank(of: breaker)
        if ranks[rank].count < limit { ranks[rank].append(reading()) }
    }

    private static func rank(of breaker: Breaker) -> Int {
        guard breaker.override == nil else { return 0 }
        return switch breaker.state {
        case .open: 1
        case .halfOpen: 2
        case .closed: 3
        }
    }
}
