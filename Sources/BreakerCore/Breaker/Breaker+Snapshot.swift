extension Breaker {
    /// A breaker in the form in which a store keeps it: plain values, one for each column.
    package struct Snapshot: Hashable, Sendable {
        package var name: BreakerName
        package var id: Int64
        package var createdAt: Instant
        package var sharedPolicy: Shared<Policy>
        package var policySource: PolicySource
        package var policyRevision: Int64
        package var policyActor: String?
        package var state: State
        package var generation: Int64
        package var since: Instant
        package var openUntil: Instant?
        package var consecutiveFailures: UInt32
        package var lastSuccessMs: Int64
        package var lastFailureMs: Int64
        /// The window of a closed breaker, in a format that only this module reads.
        package var window: [UInt8]
        package var leases: [Lease]
        package var probeSuccesses: UInt32
        package var override: Override?
        package var backOff: BackOff?
        package var lostProbes: UInt32
        package var failureRows: Int64
        package var lastFailure: Failure?
        package var lastTransition: Transition?
        package var recentOpenings: [Instant]
        package var creator: String?

        package var policy: Policy { sharedPolicy.value }

        package init(
            name: BreakerName,
            id: Int64,
            createdAt: Instant,
            policy: Shared<Policy>,
            policySource: PolicySource,
            policyRevision: Int64,
            policyActor: String?,
            state: State,
            generation: Int64,
            since: Instant,
            openUntil: Instant?,
            consecutiveFailures: UInt32,
            lastSuccessMs: Int64,
            lastFailureMs: Int64,
            window: [UInt8],
            leases: [Lease],
            probeSuccesses: UInt32,
            override: Override?,
            backOff: BackOff?,
            lostProbes: UInt32,
            failureRows: Int64,
            lastFailure: Failure?,
            lastTransition: Transition?,
            recentOpenings: [Instant],
            creator: String? = nil
        ) {
            self.name = name
            self.id = id
            self.createdAt = createdAt
            sharedPolicy = policy
            self.policySource = policySource
            self.policyRevision = policyRevision
            self.policyActor = policyActor
            self.state = state
            self.generation = generation
            self.since = since
            self.openUntil = openUntil
            self.consecutiveFailures = consecutiveFailures
            self.lastSuccessMs = lastSuccessMs
            self.lastFailureMs = lastFailureMs
            self.window = window
            self.leases = leases
            self.probeSuccesses = probeSuccesses
            self.override = override
            self.backOff = backOff
            self.lostProbes = lostProbes
            self.failureRows = failureRows
            self.lastFailure = lastFailure
            self.lastTransition = lastTransition
            self.recentOpenings = recentOpenings
            self.creator = creator
        }
    }

    package var snapshot: Snapshot {
        var window: [UInt8] = []
        var (lastSuccessMs, lastFailureMs) = (Int64(0), Int64(0))
        if case .closed(let closed) = phase {
            window = closed.window.bytes
            (lastSuccessMs, lastFailureMs) = (closed.lastSuccessMs, closed.lastFailureMs)
        }
        return Snapshot(
            name: name,
            id: id,
            createdAt: createdAt,
            policy: sharedPolicy,
            policySource: policySource,
            policyRevision: policyRevision,
            policyActor: policyActor,
            state: state,
            generation: generation,
            since: since,
            openUntil: openUntil,
            consecutiveFailures: consecutiveFailures,
            lastSuccessMs: lastSuccessMs,
            lastFailureMs: lastFailureMs,
            window: window,
            leases: leases,
            probeSuccesses: probeSuccesses,
            override: override,
            backOff: backOff,
            lostProbes: lostProbes,
            failureRows: failureRows,
            lastFailure: lastFailure,
            lastTransition: lastTransition,
            recentOpenings: recentOpenings,
            creator: creator
        )
    }

    /// - Returns: `nil` if the snapshot's window is damaged.
    package init?(_ snapshot: Snapshot) {
        let phase: Phase
        switch snapshot.state {
        case .closed:
            guard let window = Window(snapshot.window, for: snapshot.policy) else { return nil }
            phase = .closed(
                Closed(
                    streak: snapshot.consecutiveFailures,
                    lastSuccessMs: snapshot.lastSuccessMs,
                    lastFailureMs: snapshot.lastFailureMs,
                    window: window
                )
            )
        case .open: phase = .open(until: snapshot.openUntil)
        case .halfOpen: phase = .halfOpen(HalfOpen(leases: snapshot.leases, successes: snapshot.probeSuccesses))
        }
        self.init(
            name: snapshot.name,
            id: snapshot.id,
            createdAt: snapshot.createdAt,
            creator: snapshot.creator,
            policy: snapshot.sharedPolicy,
            policySource: snapshot.policySource,
            policyRevision: snapshot.policyRevision,
            policyActor: snapshot.policyActor,
            generation: snapshot.generation,
            since: snapshot.since,
            phase: phase
        )
        override = snapshot.override
        backOff = snapshot.backOff
        lostProbes = snapshot.lostProbes
        failureRows = snapshot.failureRows
        lastFailure = snapshot.lastFailure
        lastTransition = snapshot.lastTransition
        recentOpenings = snapshot.recentOpenings
    }
}
