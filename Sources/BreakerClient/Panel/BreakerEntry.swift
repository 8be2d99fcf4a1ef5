import BreakerCore
import NIOConcurrencyHelpers

/// One breaker in this process: all tasks that use its name share this entry.
final class BreakerEntry: Sendable {
    struct State: Sendable {
        /// The number of past histories of the server. Generations and revisions of two histories cannot be compared.
        var history = 0
        var answer = LocalAnswer.unknown
        /// The breaker as the stream reported it, or as a later answer of the server did. `nil` if the stream has not
        /// reported it.
        var summary: LocalSummary?
        /// Whether ``summary`` comes from an answer that is ahead of the stream.
        var isAhead = false
        /// The summary that the server's last decision implies; `nil` if ``summary`` is known.
        var decidedSummary: LocalSummary?
        /// The last known policy.
        var policy = Policy()
        /// The revision of ``policy``; `nil` if the current policy is not known.
        var policyRevision: Int64?
        /// The policy revision that was last requested, with or without success.
        var triedPolicyRevision: Int64?
        /// When to request the policy again, if no stream reports its changes.
        var policyDueNs = Int64.min
        /// Decides while the server is unreachable.
        var standIn: StandIn?
        /// The permit of the last call that the server allowed and that was not a probe.
        var lastPermit = CallPermit.none
        /// Whether the server refused the last request for a decision.
        var isRefused = false
        /// Whether a call was made without the key that its cache needs.
        var hasMissedKey = false
        var tally = DecisionTally()
        /// The decisions of this process that were sent to the server.
        var sentDecisions = DecisionTally.Counts()

        /// Whether ``policy`` is current, as far as the stream reports.
        var isPolicyKnown: Bool { policyRevision != nil && policyRevision == summary?.policyRevision }

        /// The last known summary of the breaker.
        var lastSummary: LocalSummary? { summary ?? decidedSummary }
    }

    let name: String
    /// The index of this breaker among those of this process.
    let index: Int
    let state: NIOLockedValueBox<State>

    init(name: String, index: Int, summary: LocalSummary?) {
        self.name = name
        self.index = index
        state = NIOLockedValueBox(State())
        show(summary)
    }

    /// Takes a summary from the stream.
    /// - Parameter isAnew: whether the stream starts over, so that earlier knowledge no longer counts.
    func show(_ summary: LocalSummary?, isAnew: Bool = false) {
        state.withLockedValue { state in
            if state.isAhead, !isAnew, let known = state.summary, let summary, summary.generation < known.generation {
                return
            }
            state.isAhead = false
            state.show(summary)
        }
    }

    /// The current history. An answer counts only in the history in which its request was sent.
    var history: Int { state.withLockedValue { $0.history } }

    /// Takes the server's answer to a report.
    /// - Parameter history: the history in which the report was sent.
    func take(_ state: BreakerState, generation: Int64, history: Int) {
        self.state.withLockedValue { entry in
            guard entry.history == history else { return }
            entry.show(answered: LocalSummary(answered: state), generation: generation)
        }
    }

    /// Forgets generations and revisions of the former database.
    func forgetHistory() {
        state.withLockedValue { state in
            state.history += 1
            state.summary = nil
            state.decidedSummary = nil
            state.standIn = nil
            state.policyRevision = nil
            state.triedPolicyRevision = nil
            state.lastPermit = .none
        }
    }

    /// Decides a call in this process.
    /// - Parameter absence: the absence in which the stand-in decides too, and a call is denied if either denies it;
    ///   `nil` if the stand-in does not decide.
    /// - Returns: `nil` if the client has to ask the server.
    func decide(atNs nowNs: Int64, besides absence: Int? = nil) -> CallDecision? {
        state.withLockedValue { state in
            guard var decision = state.answer.decision(atNs: nowNs) else { return nil }
            if let absence, decision.isAllowed {
                let own = state.askStandIn(of: name, absence: absence, atNs: nowNs)
                decision.standInPermit = own.standInPermit
                if !own.isAllowed { decision = own }
            }
            state.tally.count(decision)
            return decision
        }
    }

    /// Whether the server probably has to commit before it decides: a probe, a due transition, or the creation of a
    /// breaker.
    func mayNeedCommit(atNs nowNs: Int64) -> Bool {
        state.withLockedValue { state in
            state.lastSummary.map { LocalAnswer($0).decision(atNs: nowNs) == nil } ?? true
        }
    }

    /// Takes a decision of the server, even if its caller has stopped waiting.
    /// - Parameters:
    ///   - generation: the breaker's generation; `nil` if the server does not send it.
    ///   - history: the history in which the decision was requested.
    ///   - nowNs: when the decision was requested.
    func learn(_ decision: CallDecision, generation: Int64?, history: Int, atNs nowNs: Int64) {
        state.withLockedValue { state in
            state.isRefused = false
            guard state.history == history else { return }
            if let generation, !decision.wouldDeny {
                state.show(answered: LocalSummary(decision, atNs: nowNs), generation: generation)
            }
            if decision.isAllowed, !decision.isProbe { state.lastPermit = decision.permit }
            state.decidedSummary = state.summary == nil ? LocalSummary(decision, atNs: nowNs) : nil
        }
    }

    /// Counts a decision of the server on a call.
    /// - Returns: whether to request the policy, if no stream reports its changes.
    func take(_ decision: CallDecision, atNs nowNs: Int64) -> Bool {
        state.withLockedValue { state in
            state.tally.count(decision)
            return nowNs >= state.policyDueNs
        }
    }
}

extension BreakerEntry.State {
    fileprivate mutating func show(_ summary: LocalSummary?) {
        if !LocalSummary.sameToAStandIn(summary, self.summary) { standIn = nil }
        self.summary = summary
        answer = summary.map(LocalAnswer.init) ?? .unknown
    }

    /// Takes the summary of an answer if it is newer than the known summary. A breaker that the stream has not reported
    /// stays unknown: this version may be unable to read it.
    fileprivate mutating func show(answered summary: LocalSummary, generation: Int64) {
        guard let known = self.summary,
            generation > known.generation || known.isEndUnknown && generation == known.generation
        else { return }
        var summary = summary
        summary.generation = generation
        summary.policyRevision = known.policyRevision
        // Shadow is the only override that begins no generation. If the breaker denies, the override is over.
        if known.override?.mode == .shadow, summary.override == nil, summary.openUntilNs == nil {
            summary.override = known.override
        }
        isAhead = true
        show(summary)
    }
}
