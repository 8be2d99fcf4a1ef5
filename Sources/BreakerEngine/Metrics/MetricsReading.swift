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
    /// Those that need attention first: overridden, open, half open, closed; each by name.
    package var breakers: [BreakerReading]
    /// How many there are in each state, of those left out as well.
    package var totals: BreakerList.Totals
    package var limit: Int

    package var leftOut: Int { max(0, totals.total - limit) }
}
