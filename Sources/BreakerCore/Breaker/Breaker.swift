/// The authority over one downstream service: the state machine.
///
/// Pure and deterministic: time, revisions and randomness are arguments. Every event first advances the breaker to
/// its instant (``advance(to:journal:)``), then acts. ``State`` lists the transitions.
package struct Breaker: Hashable, Sendable {
    package let name: BreakerName
    /// The revision of its creation: it tells this breaker from an earlier one of the same name.
    package let id: Int64
    package let createdAt: Instant
    /// The name of the token whose acquire or report created it; `nil` where an operator or the configuration did.
    package let creator: String?

    var sharedPolicy: Shared<Policy>
    package internal(set) var policySource: PolicySource
    /// The revision that last changed the policy.
    package internal(set) var policyRevision: Int64
    /// Who last changed the policy; `nil` where the server's configuration gave it.
    package internal(set) var policyActor: String?

    /// The revision of the transition that began the present period.
    package internal(set) var generation: Int64
    /// When the present period began.
    package internal(set) var since: Instant
    package internal(set) var phase: Phase
    private var sharedOverride: Shared<Override>?
    /// `nil` until the breaker trips, and behind a reset.
    package internal(set) var backOff: BackOff?

    /// Probes whose lease ran out without a report, ever.
    package internal(set) var lostProbes: UInt32 = 0
    /// How many failure rows were ever made: the number of the newest.
    package internal(set) var failureRows: Int64 = 0
    /// The failure that ended last, which is not always the newest row.
    package internal(set) var lastFailure: Failure?
    package internal(set) var lastTransition: Transition?
    /// When the breaker tripped within the last hour, the oldest first; at most ``keptOpenings``.
    package internal(set) var recentOpenings: [Instant] = []

    /// Half as many as transitions are kept of a breaker, for a half-open period follows each opening: so many are found
    /// again behind a restart.
    package static let keptOpenings = 500
    package static let recentMs: Int64 = 3_600_000

    /// A state, with what only that state has.
    package enum Phase: Hashable, Sendable {
        case closed(Closed)
        /// - `until`: when the recovery timeout ends; `nil` where only an operator ends it.
        case open(until: Instant?)
        case halfOpen(HalfOpen)
    }

    package struct Closed: Hashable, Sendable {
        /// Consecutive failures.
        package internal(set) var streak: UInt32 = 0
        /// When the latest success and the latest failure that are counted ended, in milliseconds since the generation
        /// began. Reports do not arrive in the order in which their calls ended.
        package internal(set) var lastSuccessMs: Int64 = 0
        package internal(set) var lastFailureMs: Int64 = 0
        var window: Window
    }

    package struct HalfOpen: Hashable, Sendable {
        /// In the order in which they were granted.
        package internal(set) var leases: [Lease] = []
        /// Probes that succeeded.
        package internal(set) var successes: UInt32 = 0
    }

    /// A probe in flight.
    package struct Lease: Hashable, Sendable {
        package var id: UInt64
        package var until: Instant

        package init(id: UInt64, until: Instant) {
            self.id = id
            self.until = until
        }
    }

    /// What the length of the next opening depends on.
    package struct BackOff: Hashable, Sendable {
        /// How many openings followed each other, the last included.
        package var openings: UInt32
        /// How long the last of them was to last, in milliseconds.
        package var lastOpenMs: Int64

        package init(openings: UInt32, lastOpenMs: Int64) {
            self.openings = openings
            self.lastOpenMs = lastOpenMs
        }
    }

    /// Creates a closed breaker, under the next revision.
    package init(
        creating name: BreakerName,
        policy: Policy,
        source: PolicySource,
        actor: String? = nil,
        creator: String? = nil,
        at now: Instant,
        journal: inout Journal
    ) {
        let revision = journal.nextRevision()
        self.init(
            name: name,
            id: revision,
            createdAt: now,
            creator: creator,
            policy: Shared(policy),
            policySource: source,
            policyRevision: revision,
            policyActor: actor,
            generation: revision,
            since: now,
            phase: .closed(Closed(window: Window(for: policy)))
        )
        journal.record(.created, of: self, revision: revision, at: now)
    }

    init(
        name: BreakerName,
        id: Int64,
        createdAt: Instant,
        creator: String?,
        policy: Shared<Policy>,
        policySource: PolicySource,
        policyRevision: Int64,
        policyActor: String?,
        generation: Int64,
        since: Instant,
        phase: Phase
    ) {
        self.name = name
        self.id = id
        self.createdAt = createdAt
        self.creator = creator
        sharedPolicy = policy
        self.policySource = policySource
        self.policyRevision = policyRevision
        self.policyActor = policyActor
        self.generation = generation
        self.since = since
        self.phase = phase
    }
}

// MARK: What can be read off

extension Breaker {
    package internal(set) var policy: Policy {
        get { sharedPolicy.value }
        set { sharedPolicy = Shared(newValue) }
    }

    package internal(set) var override: Override? {
        get { sharedOverride?.value }
        set { sharedOverride = newValue.map(Shared.init) }
    }

    package var state: State {
        switch phase {
        case .closed: .closed
        case .open: .open
        case .halfOpen: .halfOpen
        }
    }

    /// Consecutive failures; 0 unless closed.
    package var consecutiveFailures: UInt32 {
        if case .closed(let closed) = phase { closed.streak } else { 0 }
    }

    /// What the window holds at `now`; nothing unless closed.
    package func counts(at now: Instant) -> Counts {
        guard case .closed(let closed) = phase else { return .zero }
        return closed.window.counts(atElapsedMs: since.milliseconds(until: now), policy: policy)
    }

    /// When the recovery timeout ends; `nil` unless it runs.
    package var openUntil: Instant? {
        if case .open(let until) = phase { until } else { nil }
    }

    package var leases: [Lease] {
        if case .halfOpen(let halfOpen) = phase { halfOpen.leases } else { [] }
    }

    /// Probes that succeeded in this half-open period.
    package var probeSuccesses: UInt32 {
        if case .halfOpen(let halfOpen) = phase { halfOpen.successes } else { 0 }
    }

    /// How often the breaker tripped in the hour before `now`.
    package func openings(inHourBefore now: Instant) -> Int {
        recentOpenings.count { $0.milliseconds(until: now) < Self.recentMs }
    }

    /// When something falls due next, if nobody asks before; `nil` where nothing will.
    package var nextDue: Instant? { nextEvent?.at }
}
