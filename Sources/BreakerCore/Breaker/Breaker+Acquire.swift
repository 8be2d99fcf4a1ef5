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
        guard let decision = standing.decision(at: now) else {
            preconditionFailure("a breaker that is \(state) at \(now) has no answer")
        }
        return decision
    }
}
