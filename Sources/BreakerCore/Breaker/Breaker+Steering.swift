/// An operator's order that takes precedence over the automatic state.
package struct Override: Hashable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        /// Every acquire is denied; no report is applied.
        case forceOpen = "force_open"
        /// Every acquire is allowed; reports count; nothing trips.
        case forceClosed = "force_closed"
        /// The state machine runs as usual, but an acquire that it would deny is allowed, and the answer says so.
        case shadow

        /// The state in which a breaker resumes when the override ends; `nil` if its state does not change.
        package var stateAfter: State? {
            switch self {
            case .forceOpen: .halfOpen
            case .forceClosed: .closed
            case .shadow: nil
            }
        }
    }

    package var mode: Mode
    package var reason: String
    package var actor: String
    package var since: Instant
    /// `nil` if the override stays in force until it is cleared.
    package var expiresAt: Instant?

    package init(mode: Mode, reason: String, actor: String, since: Instant, expiresAt: Instant?) {
        self.mode = mode
        self.reason = reason
        self.actor = actor
        self.since = since
        self.expiresAt = expiresAt
    }
}

/// Operators' orders to a breaker.
extension Breaker {
    /// Sets an override. An override that is already in force ends first.
    ///
    /// - Parameter expiresInMs: the duration, within ``Limits/overrideMs``; `nil` for an override without expiry.
    package mutating func setOverride(
        _ mode: Override.Mode,
        reason: String,
        actor: String,
        expiresInMs: Int64?,
        at now: Instant,
        journal: inout Journal
    ) {
        advance(to: now, journal: &journal)
        if override != nil { endOverride(.overrideCleared, actor: actor, at: now, journal: &journal) }
        override = Override(
            mode: mode,
            reason: reason,
            actor: actor,
            since: now,
            expiresAt: expiresInMs.map { now.advanced(byMilliseconds: $0) }
        )
        var evidence = Evidence()
        evidence.override = override
        let phase: Phase? =
            switch mode {
            case .forceOpen: .open(until: nil)
            case .forceClosed: .closed(Closed(window: Window(for: policy)))
            case .shadow: nil
            }
        move(to: phase, .overrideSet, evidence, actor: actor, at: now, journal: &journal)
    }

    /// Ends the override. Does nothing if there is none.
    package mutating func clearOverride(actor: String, at now: Instant, journal: inout Journal) {
        advance(to: now, journal: &journal)
        guard override != nil else { return }
        endOverride(.overrideCleared, actor: actor, at: now, journal: &journal)
    }

    /// Ends the override that is in force. After `force_open` the breaker resumes half open, so that one probe decides;
    /// after `force_closed` it resumes closed; the end of `shadow` does not change the state.
    mutating func endOverride(_ cause: Cause, actor: String?, at instant: Instant, journal: inout Journal) {
        guard let ended = override else { preconditionFailure("\(name) has no override that could end") }
        override = nil
        var evidence = Evidence()
        evidence.override = ended
        let phase: Phase? =
            switch ended.mode {
            case .forceOpen: .halfOpen(HalfOpen())
            case .forceClosed: .closed(Closed(window: Window(for: policy)))
            case .shadow: nil
            }
        move(to: phase, cause, evidence, actor: actor, at: instant, journal: &journal)
    }

    /// The error of a reset that an override prevents.
    package struct Forced: Error, Hashable, Sendable {
        package var mode: Override.Mode
    }

    /// The state to which a reset leads.
    package enum ResetTarget: String, CaseIterable, Sendable {
        case closed
        /// The next acquire is a probe.
        case halfOpen = "half_open"
    }

    /// Begins a fresh period in the target state and forgets how many openings followed each other.
    ///
    /// - Throws: ``Forced`` under `force_open`, and under `force_closed` if the target is half open.
    package mutating func reset(
        to target: ResetTarget,
        actor: String,
        at now: Instant,
        journal: inout Journal
    ) throws(Forced) {
        advance(to: now, journal: &journal)
        if let mode = override?.mode, mode == .forceOpen || mode == .forceClosed && target == .halfOpen {
            throw Forced(mode: mode)
        }
        backOff = nil
        let phase: Phase =
            switch target {
            case .closed: .closed(Closed(window: Window(for: policy)))
            case .halfOpen: .halfOpen(HalfOpen())
            }
        move(to: phase, .reset, actor: actor, at: now, journal: &journal)
    }

    /// Changes the breaker's policy. State, counters, leases and `open_until` stay; the window is emptied if its kind,
    /// its length or `slow_call_ms` changes.
    ///
    /// - Parameter actor: the operator; `nil` for the server's configuration.
    package mutating func changePolicy(
        to policy: Policy,
        source: PolicySource,
        actor: String?,
        at now: Instant,
        journal: inout Journal
    ) {
        advance(to: now, journal: &journal)
        let needsEmptyWindow = policy.window != self.policy.window || policy.slowCallMs != self.policy.slowCallMs
        self.policy = policy
        policySource = source
        policyActor = actor
        policyRevision = journal.nextRevision()
        if needsEmptyWindow, case .closed(var closed) = phase {
            closed.window = Window(for: policy)
            phase = .closed(closed)
        }
        journal.record(.policyChanged(actor: actor), of: self, revision: policyRevision, at: now)
    }
}
