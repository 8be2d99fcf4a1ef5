/// The state of a breaker.
///
/// Transitions and their causes:
/// - `closed` → `open`: a rule holds; `force_open`.
/// - `open` → `half_open`: the recovery timeout; the end of `force_open`; reset.
/// - `half_open` → `closed`: enough probes succeeded; reset; `force_closed`.
/// - `half_open` → `open`: a probe failed; `force_open`.
/// - any → `closed`, any → `half_open`: reset. Any → `closed`: `force_closed`.
package enum State: String, CaseIterable, Sendable {
    case closed
    case open
    case halfOpen = "half_open"
}

/// A circuit breaker: the state machine for one downstream service.
///
/// It is pure and deterministic: time, revisions and randomness are arguments. Every event first advances the breaker
/// to its instant (``advance(to:journal:)``), and is then applied. ``State`` lists the transitions.
package struct Breaker: Hashable, Sendable {
    package let name: BreakerName
    /// The revision of the breaker's creation. It distinguishes this breaker from an earlier one of the same name.
    package let id: Int64
    package let createdAt: Instant
    /// The name of the token whose acquire or report created the breaker; `nil` for an operator or the configuration.
    package let creator: String?

    var sharedPolicy: Shared<Policy>
    package internal(set) var policySource: PolicySource
    /// The revision that last changed the policy.
    package internal(set) var policyRevision: Int64
    /// The actor that last changed the policy; `nil` if the policy comes from the server's configuration.
    package internal(set) var policyActor: String?

    /// The revision of the transition that began the present period.
    package internal(set) var generation: Int64
    /// When the present period began.
    package internal(set) var since: Instant
    /// When the breaker left `closed`, however often it moved between `open` and `half_open` since then; `nil` while
    /// closed, and if an upgrade did not find that transition.
    package internal(set) var notClosedSince: Instant?
    package internal(set) var phase: Phase
    private var sharedOverride: Shared<Override>?
    /// `nil` until the breaker trips, and after a reset.
    package internal(set) var backOff: BackOff?

    /// The number of probes, since the breaker's creation, whose lease ran out without a report.
    package internal(set) var lostProbes: UInt32
    /// How many failure rows were ever created, which is also the number of the newest row.
    package internal(set) var failureRows: Int64
    /// The failure whose call ended last, which is not always the newest row.
    package internal(set) var lastFailure: Failure?
    package internal(set) var lastTransition: Transition?
    /// The instants at which the breaker tripped within the last hour, oldest first; at most ``keptOpenings``.
    package internal(set) var recentOpenings: [Instant]

    /// Half the number of transitions that a store keeps of a breaker, because a half-open period follows each opening.
    /// So all of these openings are found again after a restart.
    package static let keptOpenings = 500
    package static let recentMs: Int64 = 3_600_000

    /// A state with its own data.
    package enum Phase: Hashable, Sendable {
        case closed(Closed)
        /// - `until`: when the recovery timeout ends; `nil` under `force_open`.
        case open(until: Instant?)
        case halfOpen(HalfOpen)
    }

    package struct Closed: Hashable, Sendable {
        /// Consecutive failures.
        package internal(set) var streak: UInt32 = 0
        /// When the latest counted success and the latest counted failure ended, in milliseconds since the beginning of
        /// the generation. Reports may arrive in another order than their calls ended.
        package internal(set) var lastSuccessMs: Int64 = 0
        package internal(set) var lastFailureMs: Int64 = 0
        var window: Window
    }

    package struct HalfOpen: Hashable, Sendable {
        /// The leases of probes in flight, in the order in which they were granted.
        package internal(set) var leases: [Lease] = []
        /// The number of probes that succeeded.
        package internal(set) var successes: UInt32 = 0

        package init(leases: [Lease] = [], successes: UInt32 = 0) {
            self.leases = leases
            self.successes = successes
        }
    }

    /// The lease of a probe in flight.
    package struct Lease: Hashable, Sendable {
        package var id: UInt64
        package var until: Instant

        package init(id: UInt64, until: Instant) {
            self.id = id
            self.until = until
        }
    }

    /// The data that determines the duration of the next opening.
    package struct BackOff: Hashable, Sendable {
        /// The number of openings in a row, the last included.
        package var openings: UInt32
        /// The intended duration of the last opening, in milliseconds.
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
            policy: StoredPolicy(policy: Shared(policy), source: source, revision: revision, actor: actor),
            generation: revision,
            since: now,
            phase: .closed(Closed(window: Window(for: policy)))
        )
        journal.record(.created, of: self, revision: revision, at: now)
    }

    /// Creates a breaker without a past.
    init(
        name: BreakerName,
        id: Int64,
        createdAt: Instant,
        creator: String?,
        policy: StoredPolicy,
        generation: Int64,
        since: Instant,
        phase: Phase
    ) {
        self.name = name
        self.id = id
        self.createdAt = createdAt
        self.creator = creator
        sharedPolicy = policy.policy
        policySource = policy.source
        policyRevision = policy.revision
        policyActor = policy.actor
        self.generation = generation
        self.since = since
        self.phase = phase
        lostProbes = 0
        failureRows = 0
        recentOpenings = []
    }

    /// This breaker in another phase and under another override.
    package func replacing(_ phase: Phase, override: Override?) -> Breaker {
        var breaker = self
        breaker.phase = phase
        breaker.override = override
        return breaker
    }
}

// MARK: Derived properties

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

    /// The counts of the window at `now`; zero unless closed.
    package func counts(at now: Instant) -> Counts {
        guard case .closed(let closed) = phase else { return .zero }
        return closed.window.counts(atElapsedMs: since.milliseconds(until: now), policy: policy)
    }

    /// When the recovery timeout ends; `nil` unless it is running.
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

    /// When the next event becomes due, if no other event changes the breaker before; `nil` if there is none.
    package var nextDue: Instant? { nextEvent?.at }
}
