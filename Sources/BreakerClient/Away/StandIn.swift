import BreakerCore

/// A breaker of this process alone, which decides while the server is unreachable: the server's state machine, with the
/// last known policy and state.
///
/// Its instants are milliseconds of this process's clock, and its generations and revisions mean nothing to the server.
struct StandIn: Sendable {
    /// The number of the absence that this stand-in is for.
    let absence: Int
    private var breaker: Breaker

    init(_ name: BreakerName, policy: Policy, summary: LocalSummary?, absence: Int, atNs nowNs: Int64) {
        self.absence = absence
        let now = Instant(ns: nowNs)
        var journal = Journal(revision: 0)
        let fresh = Breaker(creating: name, policy: policy, source: .builtIn, at: now, journal: &journal)
        guard let summary else {
            breaker = fresh
            return
        }
        let override = summary.override.map { localOverride in
            Override(
                mode: localOverride.mode,
                reason: "the last override that the server reported",
                actor: "fusebox",
                since: now,
                expiresAt: localOverride.untilNs.map(Instant.init(ns:))
            )
        }
        let phase: Breaker.Phase =
            switch summary.state {
            case .closed: fresh.phase
            case .open where summary.isEndUnknown:
                .open(until: now.advanced(byMilliseconds: policy.recoveryTimeoutMs))
            case .open: .open(until: summary.openUntilNs.map(Instant.init(ns:)))
            case .halfOpen: .halfOpen(Breaker.HalfOpen())
            }
        breaker = fresh.replacing(phase, override: override)
    }

    mutating func acquire(atNs nowNs: Int64) -> CallDecision {
        var journal = Journal(revision: breaker.generation)
        var random = SystemRandomNumberGenerator()
        switch breaker.acquire(at: Instant(ns: nowNs), journal: &journal, random: &random) {
        case .allowed(let permit, let state, _, let wouldDeny):
            var decision = CallDecision(isAllowed: true, source: .fallback, state: BreakerState(state))
            decision.wouldDeny = wouldDeny
            decision.standInPermit = permit
            return decision
        case .denied(let state, _, let retryAfterMs):
            var decision = CallDecision(isAllowed: false, source: .fallback, state: BreakerState(state))
            decision.retryAfterNs = retryAfterMs.map { $0 * nsPerMs } ?? -1
            return decision
        }
    }

    /// - Parameter permit: the stand-in's own permit; `nil` for a call that the server or the panel allowed.
    mutating func report(_ outcome: CallOutcome, permit: Permit?, durationMs: Int64, atNs nowNs: Int64) {
        let (outcome, kind, detail) = outcome.core
        let report = Report(outcome, permit: permit, durationMs: durationMs, kind: kind, detail: detail)
        var journal = Journal(revision: breaker.generation)
        _ = breaker.report(report, at: Instant(ns: nowNs), journal: &journal)
    }
}

extension BreakerEntry.State {
    /// Asks the stand-in, which is created from the last known summary if it does not exist.
    mutating func askStandIn(of name: String, absence: Int, atNs nowNs: Int64) -> CallDecision {
        haveStandIn(of: name, absence: absence, atNs: nowNs)
        guard let decision = standIn?.acquire(atNs: nowNs) else { preconditionFailure("\(name) has no stand-in") }
        return decision
    }

    /// Ensures that there is a stand-in for this absence, even if the server was back briefly in the meantime.
    mutating func haveStandIn(of name: String, absence: Int, atNs nowNs: Int64) {
        guard standIn?.absence != absence else { return }
        guard let breaker = BreakerName(name) else { preconditionFailure("\(name) is not a breaker's name") }
        standIn = StandIn(breaker, policy: policy, summary: lastSummary, absence: absence, atNs: nowNs)
    }
}

extension Instant {
    fileprivate init(ns nanoseconds: Int64) {
        self.init(milliseconds: nanoseconds / nsPerMs)
    }
}

extension BreakerState {
    fileprivate init(_ state: State) {
        switch state {
        case .closed: self = .closed
        case .open: self = .open
        case .halfOpen: self = .halfOpen
        }
    }
}
