/// The answer to any acquire up to an instant: what the panel publishes of a breaker.
package struct Standing: Hashable, Sendable {
    package enum Answer: Hashable, Sendable {
        /// Every call may go through, with a permit of this generation.
        case allow(generation: Int64, state: State, wouldDeny: Bool)
        /// No call may.
        /// - `retryAt`: when asking again may help; `nil` where only an operator ends it.
        case deny(state: State, generation: Int64, retryAt: Instant?)
        /// Each call needs the machine itself: half open, the next one may be a probe.
        /// - `wouldDeny`: whether a call that is none is let through all the same, in shadow.
        case ask(generation: Int64, wouldDeny: Bool)
    }

    package var answer: Answer
    /// The first instant at which the answer no longer holds.
    package var until: Instant

    /// The answer to an acquire at `now`; `nil` where the breaker itself has to be asked.
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

    /// The answer to a call whose outcome nobody will report, which is never a probe; `nil` as in ``decision(at:)``.
    package func decisionWithoutProbe(at now: Instant) -> Decision? {
        guard case .ask(let generation, let wouldDeny) = answer, now < until else { return decision(at: now) }
        return wouldDeny
            ? .allowed(Permit(generation: generation), state: .halfOpen, wouldDeny: true)
            : .denied(state: .halfOpen, generation: generation, retryAfterMs: Self.probeAwaitedMs)
    }

    /// A probe may be granted and reported at any moment: who waits for it may look again after a second.
    private static let probeAwaitedMs: Int64 = 1_000
}

extension Breaker {
    /// What an acquire is answered as long as nothing changes.
    package var standing: Standing {
        let answer: Standing.Answer
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
        return Standing(answer: answer, until: nextDue ?? .distantFuture)
    }

    private func denial(retryAt: Instant?) -> Standing.Answer {
        override?.mode == .shadow
            ? .allow(generation: generation, state: state, wouldDeny: true)
            : .deny(state: state, generation: generation, retryAt: retryAt)
    }
}
