import BreakerAPI
import BreakerCore
import NIOConcurrencyHelpers

/// A breaker as the stream reported it, with its instants on this process's clock.
struct LocalSummary: Hashable, Sendable {
    var state: BreakerState
    var generation: Int64
    /// When the recovery timeout ends; `nil` if it is not running.
    var openUntilNs: Int64?
    var override: LocalOverride?
    var policyRevision: Int64

    /// - Returns: `nil` for a state, an override or an instant that this version cannot read; the server then decides.
    init?(_ summary: BreakerSummaryDocument, times: ServerTimes) {
        guard let state = BreakerState(rawValue: summary.state) else { return nil }
        self.state = state
        generation = summary.generation
        policyRevision = summary.policyRevision
        if let openUntil = summary.openUntil {
            guard let openUntilNs = times.localNs(openUntil) else { return nil }
            self.openUntilNs = openUntilNs
        }
        guard let override = summary.override else { return }
        guard let mode = Override.Mode(rawValue: override.mode) else { return nil }
        var localOverride = LocalOverride(mode: mode)
        if let expiresAt = override.expiresAt {
            guard let untilNs = times.localNs(expiresAt) else { return nil }
            localOverride.untilNs = untilNs
        }
        self.override = localOverride
    }

    /// The summary that a decision implies, for use if no stream reports the breaker.
    /// - Parameter nowNs: when the decision was requested.
    init(_ decision: CallDecision, atNs nowNs: Int64) {
        // A breaker in shadow allows all calls, as a closed one does.
        state = decision.isAllowed && !decision.isProbe ? .closed : decision.state
        generation = 0
        policyRevision = 0
        guard !decision.isAllowed, decision.state == .open else { return }
        if decision.retryAfterNs >= 0 {
            openUntilNs = nowNs &+ decision.retryAfterNs
        } else {
            override = LocalOverride(mode: .forceOpen)
        }
    }

    /// The summary that the answer to a report implies.
    init(answered state: BreakerState) {
        self.state = state
        generation = 0
        policyRevision = 0
    }

    /// Whether the breaker is open and the end is unknown: it is known only from an answer, which does not say until
    /// when.
    var isEndUnknown: Bool {
        state == .open && openUntilNs == nil && (override == nil || override?.mode == .shadow)
    }

    /// This summary with its instants shifted, after a better estimate of the server's clock.
    func moved(byNs difference: Int64) -> LocalSummary {
        var summary = self
        summary.openUntilNs = openUntilNs.map { $0 &+ difference }
        summary.override?.untilNs = override?.untilNs.map { $0 &+ difference }
        return summary
    }

    /// Whether a stand-in that was made from one summary may continue when the stream reports the other.
    static func sameToAStandIn(_ one: LocalSummary?, _ other: LocalSummary?) -> Bool {
        one?.generation == other?.generation && one?.override?.mode == other?.override?.mode
            && one?.policyRevision == other?.policyRevision
    }
}

/// A breaker's override as the stream reported it, with its end on this process's clock.
struct LocalOverride: Hashable, Sendable {
    var mode: Override.Mode
    /// `nil` if the override is in force until an operator clears it.
    var untilNs: Int64?
}

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

/// The breakers as the stream reported them, and the entries of those that this process uses.
final class LocalPanel: Sendable {
    private struct State {
        var summaries: [String: LocalSummary] = [:]
        var entries: [String: BreakerEntry] = [:]
        /// The entries by their ``BreakerEntry/index``.
        var ordered: [BreakerEntry] = []
    }

    private let state = NIOLockedValueBox(State())

    /// The entry of this name, which all callers share.
    func entry(_ name: String) -> BreakerEntry {
        state.withLockedValue { state in
            if let entry = state.entries[name] { return entry }
            let entry = BreakerEntry(name: name, index: state.ordered.count, summary: state.summaries[name])
            state.entries[name] = entry
            state.ordered.append(entry)
            return entry
        }
    }

    /// All entries, in the order of their creation.
    var entries: [BreakerEntry] { state.withLockedValue { $0.ordered } }

    /// Whether this process uses the breaker of this name.
    func has(_ name: String) -> Bool { state.withLockedValue { $0.entries[name] != nil } }

    /// Replaces the whole panel. Only the stream's reader calls this and ``show(_:_:)``.
    /// - Parameter isOtherHistory: whether generations and revisions cannot be compared with the earlier ones.
    func replace(_ summaries: [String: LocalSummary], isOtherHistory: Bool) {
        let entries = state.withLockedValue { state in
            state.summaries = summaries
            return state.ordered
        }
        for entry in entries {
            if isOtherHistory { entry.forgetHistory() }
            entry.show(summaries[entry.name], isAnew: true)
        }
    }

    /// Shifts all instants after a better estimate of the server's clock.
    func move(byNs difference: Int64) {
        let (summaries, entries) = state.withLockedValue { state in
            state.summaries = state.summaries.mapValues { $0.moved(byNs: difference) }
            return (state.summaries, state.ordered)
        }
        for entry in entries { entry.show(summaries[entry.name]) }
    }

    /// Updates one breaker.
    /// - Parameter summary: `nil` for a deleted breaker, or for one that this version cannot read.
    func show(_ name: String, _ summary: LocalSummary?) {
        let entry = state.withLockedValue { state in
            state.summaries[name] = summary
            return state.entries[name]
        }
        entry?.show(summary)
    }
}
