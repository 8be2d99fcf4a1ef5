/// An event that becomes due as time passes.
enum DueEvent: Hashable {
    case leaseRunsOut(index: Int)
    case recoveryTimeoutEnds
    case overrideExpires
}

extension Breaker {
    /// Applies every event that is due at `now`, in the order of their instants.
    ///
    /// An event is due once its instant is reached. It is dated at its own instant, even if it is applied later.
    package mutating func advance(to now: Instant, journal: inout Journal) {
        while let (event, at) = nextEvent, at <= now {
            switch event {
            case .leaseRunsOut(let index): loseProbe(at: index)
            case .recoveryTimeoutEnds:
                var evidence = Evidence()
                evidence.openMs = since.milliseconds(until: at)
                move(to: .halfOpen(HalfOpen()), .recoveryTimeout, evidence, at: at, journal: &journal)
            case .overrideExpires: endOverride(.overrideExpired, actor: nil, at: at, journal: &journal)
            }
        }
    }

    /// The breaker as it would be at `now`, for display. Due events are applied, but take no revision, so generation
    /// and last transition are those that are stored.
    package func preview(at now: Instant) -> Breaker {
        guard let nextDue, nextDue <= now else { return self }
        var preview = self
        var scratch = Journal(revision: generation)
        preview.advance(to: now, journal: &scratch)
        preview.generation = generation
        preview.lastTransition = lastTransition
        return preview
    }

    /// The next event to become due, and its instant. Of events at the same instant a lease comes first, then the
    /// recovery timeout, then the override.
    var nextEvent: (event: DueEvent, at: Instant)? {
        var next: (event: DueEvent, at: Instant)?
        switch phase {
        case .closed: break
        case .open(let until):
            if let until { next = (.recoveryTimeoutEnds, until) }
        case .halfOpen(let halfOpen):
            for (index, lease) in halfOpen.leases.enumerated() where next.map({ lease.until < $0.at }) ?? true {
                next = (.leaseRunsOut(index: index), lease.until)
            }
        }
        if let expiry = override?.expiresAt, next.map({ expiry < $0.at }) ?? true {
            next = (.overrideExpires, expiry)
        }
        return next
    }

    /// Ends the lease of a probe that was not reported. A lost probe is neither a success nor a failure: its slot
    /// becomes free, and it is counted as lost.
    private mutating func loseProbe(at index: Int) {
        guard case .halfOpen(var halfOpen) = phase else {
            preconditionFailure("a lease ran out while \(state)")
        }
        halfOpen.leases.remove(at: index)
        phase = .halfOpen(halfOpen)
        lostProbes.addSaturating(1)
    }

    /// Makes and records a transition.
    ///
    /// - Parameters:
    ///   - phase: the phase of the generation that begins; `nil` if none does, as with shadow mode.
    ///   - isTrip: whether the breaker opens automatically.
    mutating func move(
        to phase: Phase?,
        _ cause: Cause,
        isTrip: Bool = false,
        _ evidence: Evidence = Evidence(),
        actor: String? = nil,
        at instant: Instant,
        journal: inout Journal
    ) {
        let from = state
        let revision = journal.nextRevision()
        if let phase {
            self.phase = phase
            generation = revision
            since = instant
            if state == .closed { notClosedSince = nil } else if from == .closed { notClosedSince = instant }
        }
        let transition = Transition(
            revision: revision,
            from: from,
            to: state,
            cause: cause,
            isTrip: isTrip,
            evidence: evidence,
            actor: actor,
            at: instant
        )
        lastTransition = transition
        journal.record(.transition(transition), of: self, revision: revision, at: instant)
    }
}

extension Breaker {
    /// Moves every instant of live state after the clock was set, so that every remaining duration stays the same. The
    /// window's buckets move too, because they count from the beginning of the generation.
    ///
    /// - Parameter milliseconds: how far the clock was set; negative if it was set back.
    package mutating func shift(byMilliseconds milliseconds: Int64) {
        func shifted(_ instant: Instant) -> Instant { instant.advanced(byMilliseconds: milliseconds) }
        since = shifted(since)
        notClosedSince = notClosedSince.map(shifted)
        switch phase {
        case .closed: break
        case .open(let until): phase = .open(until: until.map(shifted))
        case .halfOpen(var halfOpen):
            for index in halfOpen.leases.indices {
                halfOpen.leases[index].until = shifted(halfOpen.leases[index].until)
            }
            phase = .halfOpen(halfOpen)
        }
        if let override {
            self.override?.since = shifted(override.since)
            self.override?.expiresAt = override.expiresAt.map(shifted)
        }
        recentOpenings = recentOpenings.map(shifted)
    }
}
