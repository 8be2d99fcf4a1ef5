/// A breaker as those see it who follow its changes: plain data, which only a stored change alters.
package struct Outline: Hashable, Sendable {
    package var state: State
    package var generation: Int64
    /// When the present period began.
    package var since: Instant
    /// When the recovery timeout ends; `nil` unless it runs.
    package var openUntil: Instant?
    package var policyRevision: Int64
    package var override: Override?

    package init(
        state: State,
        generation: Int64,
        since: Instant,
        openUntil: Instant?,
        policyRevision: Int64,
        override: Override?
    ) {
        self.state = state
        self.generation = generation
        self.since = since
        self.openUntil = openUntil
        self.policyRevision = policyRevision
        self.override = override
    }
}

extension Breaker {
    package var outline: Outline {
        Outline(
            state: state,
            generation: generation,
            since: since,
            openUntil: openUntil,
            policyRevision: policyRevision,
            override: override
        )
    }
}
