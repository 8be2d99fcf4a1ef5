import BreakerCore

/// The answer to every acquire until a given instant, for a process that decides locally: the server's answer, as far
/// as a follower of its changes can know it.
struct LocalAnswer: Sendable {
    enum Answer: Sendable {
        /// Every call may go through, with a permit of this generation.
        case allow(generation: Int64, state: BreakerState, wouldDeny: Bool)
        /// - `retryAtNs`: when to ask again; `nil` if only an operator can end the denial.
        case deny(state: BreakerState, retryAtNs: Int64?)
        /// The client has to ask the server: the next call may be a probe, or the breaker is not known.
        case ask
    }

    var answer: Answer
    /// The first instant at which the answer is not valid.
    var untilNs: Int64

    /// The answer for a name that the stream has not reported.
    static let unknown = LocalAnswer(answer: .ask, untilNs: .max)

    init(answer: Answer, untilNs: Int64) {
        self.answer = answer
        self.untilNs = untilNs
    }

    init(_ summary: LocalSummary) {
        untilNs = min(summary.openUntilNs ?? .max, summary.override?.untilNs ?? .max)
        switch summary.state {
        case .closed: answer = .allow(generation: summary.generation, state: .closed, wouldDeny: false)
        case .open where summary.override?.mode == .shadow:
            answer = .allow(generation: summary.generation, state: .open, wouldDeny: true)
        case .open where summary.isEndUnknown: answer = .ask
        case .open: answer = .deny(state: .open, retryAtNs: summary.openUntilNs ?? summary.override?.untilNs)
        case .halfOpen: answer = .ask
        }
    }

    /// - Returns: `nil` if the client has to ask the server.
    func decision(atNs nowNs: Int64) -> CallDecision? {
        guard nowNs < untilNs else { return nil }
        switch answer {
        case .allow(let generation, let state, let wouldDeny):
            var decision = CallDecision(isAllowed: true, source: .local, state: state)
            decision.wouldDeny = wouldDeny
            decision.permit = .generation(generation)
            return decision
        case .deny(let state, let retryAtNs):
            var decision = CallDecision(isAllowed: false, source: .local, state: state)
            if let retryAtNs { decision.retryAfterNs = retryAtNs - nowNs }
            return decision
        case .ask: return nil
        }
    }
}
