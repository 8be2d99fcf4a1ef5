/// What operators do to a breaker.
extension Breaker {
    /// Sets an override; one that stands ends first.
    ///
    /// - Parameter expiresInMs: ``Limits/overrideMs``; `nil` for one that stands until it is cleared.
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
        let length = expiresInMs.map { " for \(inWords(ms: $0))" } ?? ""
        func begin(_ phase: Phase, _ what: String) {
            self.begin(
                phase,
                cause: .overrideSet,
                detail: "\(what)\(length) by \(actor): \(reason)",
                actor: actor,
                at: now,
                journal: &journal
            )
        }
        switch mode {
        case .forceOpen: begin(.open(until: nil), "forced open")
        case .forceClosed: begin(.closed(Closed(window: Window(for: policy))), "forced closed")
        case .shadow:
            record(
                .overrideSet,
                from: state,
                detail: "put in shadow\(length) by \(actor): \(reason)",
                actor: actor,
                revision: journal.nextRevision(),
                at: now,
                journal: &journal
            )
        }
    }

    /// Ends the override; does nothing where there is none.
    package mutating func clearOverride(actor: String, at now: Instant, journal: inout Journal) {
        advance(to: now, journal: &journal)
        guard override != nil else { return }
        endOverride(.overrideCleared, actor: actor, at: now, journal: &journal)
    }

    /// Ends the override that stands: `force_open` resumes half open, so that one probe decides; `force_closed`
    /// resumes closed; `shadow` leaves the machine where it is.
    mutating func endOverride(_ cause: Cause, actor: String?, at instant: Instant, journal: inout Journal) {
        guard let ended = override else { preconditionFailure("\(name) has no override that could end") }
        override = nil
        let end = actor.map { "was cleared by \($0)" } ?? "expired"
        let detail = "\(ended.mode.rawValue) of \(ended.actor) \(end)"
        let phase: Phase
        switch ended.mode {
        case .forceOpen: phase = .halfOpen(HalfOpen())
        case .forceClosed: phase = .closed(Closed(window: Window(for: policy)))
        case .shadow:
            let revision = journal.nextRevision()
            record(cause, from: state, detail: detail, actor: actor, revision: revision, at: instant, journal: &journal)
            return
        }
        begin(phase, cause: cause, detail: detail, actor: actor, at: instant, journal: &journal)
    }

    /// An override stands in the way of a reset.
    package struct Forced: Error, Hashable, Sendable {
        package var mode: Override.Mode
    }

    /// Where a reset leads.
    package enum ResetTarget: String, CaseIterable, Sendable {
        case closed
        /// The next acquire is a probe.
        case halfOpen = "half_open"
    }

    /// Puts the breaker in a fresh state and forgets how often it opened.
    ///
    /// - Throws: ``Forced`` under `force_open`, and where `force_closed` forbids half open.
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
        let detail = "reset to \(target == .closed ? "closed" : "half open") by \(actor)"
        begin(phase, cause: .reset, detail: detail, actor: actor, at: now, journal: &journal)
    }

    /// Gives the breaker another policy. State, counters, leases and `open_until` stay; the window is emptied where
    /// its length or the meaning of slow changes.
    ///
    /// - Parameter actor: who; `nil` for the server's configuration.
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
