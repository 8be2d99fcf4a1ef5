/// A breaker as subscribers to its changes see it: plain data that changes only with a stored change.
package struct BreakerSummary: Hashable, Sendable {
    package var state: State
    package var generation: Int64
    /// When the current period began.
    package var since: Instant
    /// When the recovery timeout ends; `nil` unless it is running.
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

extension BreakerSummary {
    /// When the passing of time next changes the summary; `nil` if it never does.
    package var nextDue: Instant? {
        guard let openUntil else { return override?.expiresAt }
        guard let expiry = override?.expiresAt else { return openUntil }
        return min(openUntil, expiry)
    }

    /// The summary of ``Breaker/preview(at:)``.
    package func preview(at now: Instant) -> BreakerSummary {
        guard let nextDue, nextDue <= now else { return self }
        var preview = self
        if let openUntil, openUntil <= now {
            preview.state = .halfOpen
            preview.since = openUntil
            preview.openUntil = nil
        }
        if let override, let expiry = override.expiresAt, expiry <= now {
            preview.override = nil
            if let state = override.mode.stateAfter {
                preview.state = state
                preview.since = expiry
            }
        }
        return preview
    }
}

extension Breaker {
    package var summary: BreakerSummary {
        BreakerSummary(
            state: state,
            generation: generation,
            since: since,
            openUntil: openUntil,
            policyRevision: policyRevision,
            override: override
        )
    }
}
