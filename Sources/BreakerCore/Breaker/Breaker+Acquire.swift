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
        guard let decision = preparedAnswer.decision(at: now) else {
            preconditionFailure("a breaker that is \(state) at \(now) has no answer")
        }
        return decision
    }

    /// As ``acquire(at:journal:random:)``, for a call whose outcome will not be reported. While the breaker is half
    /// open, such a call is denied even if a probe is available.
    package mutating func acquireWithoutProbe(at now: Instant, journal: inout Journal) -> Decision {
        advance(to: now, journal: &journal)
        guard let decision = preparedAnswer.decisionWithoutProbe(at: now) else {
            preconditionFailure("a breaker that is \(state) at \(now) has no answer")
        }
        return decision
    }
}
