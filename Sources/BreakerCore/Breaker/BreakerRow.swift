/// The row in which a store keeps a breaker: plain values, one for each column. The policy, the last failure and the
/// transitions have rows of their own.
package struct BreakerRow: Hashable, Sendable {
    package let name: BreakerName
    package var id: Int64 = 0
    package var createdAt = Instant(milliseconds: 0)
    package var creator: String?

    package var state = State.closed
    package var generation: Int64 = 0
    package var since = Instant(milliseconds: 0)
    package var notClosedSince: Instant?
    /// Of an open breaker, as ``Breaker/Phase/open(until:)``.
    package var openUntil: Instant?
    /// Of a half-open breaker, as ``Breaker/HalfOpen``.
    package var leases: [Breaker.Lease] = []
    package var probeSuccesses: UInt32 = 0
    package var lostProbes: UInt32 = 0
    package var override: Override?
    package var backOff: Breaker.BackOff?
    /// The revision of the last transition.
    package var lastTransition: Int64?

    /// Of a closed breaker, as ``Breaker/Closed``.
    package var consecutiveFailures: UInt32 = 0
    package var lastSuccessMs: Int64 = 0
    package var lastFailureMs: Int64 = 0
    /// The window of a closed breaker, in a format that only this module reads.
    package var window: [UInt8] = []
    package var failureRows: Int64 = 0
    /// The number of the failure whose call ended last.
    package var lastFailure: Int64?

    package init(name: BreakerName) {
        self.name = name
    }
}

/// A breaker's policy and its origin, which a store keeps in a row of their own.
package struct StoredPolicy: Hashable, Sendable {
    package var policy: Shared<Policy>
    package var source: PolicySource
    package var revision: Int64
    package var actor: String?

    package init(policy: Shared<Policy>, source: PolicySource, revision: Int64, actor: String?) {
        self.policy = policy
        self.source = source
        self.revision = revision
        self.actor = actor
    }
}

extension Breaker {
    package var row: BreakerRow {
        var row = BreakerRow(name: name)
        row.id = id
        row.createdAt = createdAt
        row.creator = creator
        row.state = state
        row.generation = generation
        row.since = since
        row.notClosedSince = notClosedSince
        row.lostProbes = lostProbes
        row.override = override
        row.backOff = backOff
        row.lastTransition = lastTransition?.revision
        row.failureRows = failureRows
        row.lastFailure = lastFailure?.number
        switch phase {
        case .closed(let closed):
            row.consecutiveFailures = closed.streak
            row.lastSuccessMs = closed.lastSuccessMs
            row.lastFailureMs = closed.lastFailureMs
            row.window = closed.window.bytes
        case .open(let until):
            row.openUntil = until
        case .halfOpen(let halfOpen):
            row.leases = halfOpen.leases
            row.probeSuccesses = halfOpen.successes
        }
        return row
    }

    /// Creates a breaker from its stored rows.
    /// - Parameter recentOpenings: as ``recentOpenings``.
    /// - Returns: `nil` if the window is damaged.
    package init?(
        _ row: BreakerRow,
        policy: StoredPolicy,
        lastFailure: Failure?,
        lastTransition: Transition?,
        recentOpenings: [Instant]
    ) {
        guard let phase = Phase(row, policy: policy.policy.value) else { return nil }
        self.init(
            name: row.name,
            id: row.id,
            createdAt: row.createdAt,
            creator: row.creator,
            policy: policy,
            generation: row.generation,
            since: row.since,
            phase: phase
        )
        notClosedSince = row.notClosedSince
        override = row.override
        backOff = row.backOff
        lostProbes = row.lostProbes
        failureRows = row.failureRows
        self.lastFailure = lastFailure
        self.lastTransition = lastTransition
        self.recentOpenings = recentOpenings
    }
}

extension Breaker.Phase {
    /// - Returns: `nil` if the window is damaged.
    init?(_ row: BreakerRow, policy: Policy) {
        switch row.state {
        case .closed:
            guard let window = Window(row.window, for: policy) else { return nil }
            self = .closed(
                Breaker.Closed(
                    streak: row.consecutiveFailures,
                    lastSuccessMs: row.lastSuccessMs,
                    lastFailureMs: row.lastFailureMs,
                    window: window
                )
            )
        case .open: self = .open(until: row.openUntil)
        case .halfOpen: self = .halfOpen(Breaker.HalfOpen(leases: row.leases, successes: row.probeSuccesses))
        }
    }
}
