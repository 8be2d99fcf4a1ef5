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

/// The answer to an acquire.
package enum Decision: Hashable, Sendable {
    /// The call may go through.
    /// - `leaseMs`: how long the permit of a probe stays valid, in milliseconds; `nil` for any other permit.
    /// - `wouldDeny`: whether the breaker would deny the call if it were not in shadow.
    case allowed(Permit, state: State, leaseMs: Int64? = nil, wouldDeny: Bool = false)
    /// The call may not go through.
    /// - `generation`: the breaker's generation, so that a client can order this answer before or after others.
    /// - `retryAfterMs`: milliseconds until another acquire may be allowed; `nil` if only an operator can end this.
    case denied(state: State, generation: Int64, retryAfterMs: Int64?)
}

/// The answer to every acquire until an instant. The panel publishes one for each breaker.
package struct PreparedAnswer: Hashable, Sendable {
    package enum Answer: Hashable, Sendable {
        /// Every call is allowed, with a permit of this generation.
        case allow(generation: Int64, state: State, wouldDeny: Bool)
        /// Every call is denied.
        /// - `retryAt`: when another acquire may be allowed; `nil` if only an operator can end the denial.
        case deny(state: State, generation: Int64, retryAt: Instant?)
        /// Each acquire must reach the state machine: the breaker is half open, and the next call may be a probe.
        /// - `wouldDeny`: whether the breaker is in shadow, so that a call that is not a probe is allowed too.
        case ask(generation: Int64, wouldDeny: Bool)
    }

    package var answer: Answer
    /// The first instant at which the answer no longer holds.
    package var until: Instant

    /// The answer to an acquire at `now`; `nil` if the breaker itself must decide.
    package func decision(at now: Instant) -> Decision? {
        guard now < until else { return nil }
        switch answer {
        case .allow(let generation, let state, let wouldDeny):
            return .allowed(Permit(generation: generation), state: state, wouldDeny: wouldDeny)
        case .deny(let state, let generation, let retryAt):
            return .denied(
                state: state,
                generation: generation,
                retryAfterMs: retryAt.map { now.milliseconds(until: $0) }
            )
        case .ask: return nil
        }
    }

    /// The answer to a call whose outcome will not be reported, which is never a probe; `nil` as in ``decision(at:)``.
    package func decisionWithoutProbe(at now: Instant) -> Decision? {
        guard case .ask(let generation, let wouldDeny) = answer, now < until else { return decision(at: now) }
        return wouldDeny
            ? .allowed(Permit(generation: generation), state: .halfOpen, wouldDeny: true)
            : .denied(state: .halfOpen, generation: generation, retryAfterMs: Self.probeAwaitedMs)
    }

    /// A probe may be granted and reported at any moment, so a client that waits for it may ask again after a second.
    private static let probeAwaitedMs: Int64 = 1_000
}

extension Breaker {
    /// The answer to an acquire as long as the breaker does not change.
    package var preparedAnswer: PreparedAnswer {
        let answer: PreparedAnswer.Answer
        switch phase {
        case .closed: answer = .allow(generation: generation, state: .closed, wouldDeny: false)
        case .open(let until): answer = denial(retryAt: until ?? override?.expiresAt)
        case .halfOpen(let halfOpen):
            if halfOpen.leases.count < policy.halfOpenProbes {
                answer = .ask(generation: generation, wouldDeny: override?.mode == .shadow)
            } else {
                answer = denial(retryAt: halfOpen.leases.map(\.until).min())
            }
        }
        return PreparedAnswer(answer: answer, until: nextDue ?? .distantFuture)
    }

    private func denial(retryAt: Instant?) -> PreparedAnswer.Answer {
        override?.mode == .shadow
            ? .allow(generation: generation, state: state, wouldDeny: true)
            : .deny(state: state, generation: generation, retryAt: retryAt)
    }
}
