extension Breaker {
    /// Asks whether a call may go through.
    ///
    /// - Parameter random: the source of a probe's lease id.
    package mutating func acquire(
        at now: Instant,
        journal: inout Journal,
        random: inout some RandomNumberGenerator
    ) -> Decision {
        advance(to: now, journal: &journal)
        if case .halfOpen(var halfOpen) = phase, halfOpen.leases.count < policy.halfOpenProbes {
            let lease = Lease(id: random.next(), until: now.advanced(byMilliseconds: policy.probeLeaseMs))
            halfOpen.leases.append(lease)
            phase = .halfOpen(halfOpen)
            let permit = Permit(generation: generation, lease: lease.id)
            return .allowed(permit, state: .halfOpen, leaseMs: policy.probeLeaseMs)
        }
        return presentDecision(at: now)
    }

    /// As ``acquire(at:journal:random:)``, for a call whose outcome nobody will report: half open, it is denied although
    /// a probe might be granted to another.
    package mutating func acquireWithoutProbe(at now: Instant, journal: inout Journal) -> Decision {
        advance(to: now, journal: &journal)
        guard standing.answer == .ask else { return presentDecision(at: now) }
        return override?.mode == .shadow
            ? .allowed(Permit(generation: generation), state: state, wouldDeny: true)
            : .denied(state: state, retryAfterMs: Self.probeAwaitedMs)
    }

    /// A probe may be granted and reported at any moment: who waits for it may look again after a second.
    private static let probeAwaitedMs: Int64 = 1_000

    /// What the breaker answers without being changed.
    private func presentDecision(at now: Instant) -> Decision {
        guard let decision = standing.decision(at: now) else {
            preconditionFailure("a breaker that is \(state) at \(now) has no answer")
        }
        return decision
    }
}
