package import BreakerCore

/// Measurements of one breaker as of one instant, after every change that is due.
package struct BreakerReading: Sendable {
    package struct OverrideReading: Sendable {
        package var mode: Override.Mode
        package var since: Instant
        /// `nil` if the override is in force until it is cleared.
        package var expiresAt: Instant?
    }

    package var name: BreakerName
    package var state: State
    package var generation: Int64
    package var openingsLastHour: Int
    package var override: OverrideReading?
    package var decisions = DecisionCounts()
    package var reports: ReportTally
    package var transitions: [TransitionTally]
    /// The rules that are on. Any of them trips the breaker.
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

/// Measurements of the breakers that a client may see: of up to `limit` breakers one by one, and the totals of all.
package struct PanelReading: Sendable {
    /// The breakers that need attention first: overridden, open, half open, closed; each group by name.
    package var breakers: [BreakerReading]
    /// How many breakers are in each state, including those left out.
    package var totals: BreakerList.Totals
    package var limit: Int

    package var leftOut: Int { max(0, totals.total - limit) }
}
