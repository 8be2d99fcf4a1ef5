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
