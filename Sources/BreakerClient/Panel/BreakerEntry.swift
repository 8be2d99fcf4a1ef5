import BreakerCore
import NIOConcurrencyHelpers

/// One breaker in this process: all that is asked of a name ends here, from whatever task.
final class BreakerEntry: Sendable {
    struct State: Sendable {
        /// How many histories of the server are over: numbers of one say nothing in another.
        var history = 0
        var standing = LocalStanding.unknown
        /// As it is known: the stream told of it, and an answer of the server may be ahead of the stream. `nil` where the
        /// stream told of none.
        var image: LocalImage?
        /// Whether an answer is ahead of the stream.
        var isAhead = false
        /// As the server decided last, where the stream tells of none.
        var decidedImage: LocalImage?
        /// The last known.
        var policy = Policy()
        /// Of ``policy``; `nil` where the present one is not known.
        var policyRevision: Int64?
        /// The last that was asked for, whatever came of it.
        var triedPolicyRevision: Int64?
        /// When to ask for it again, where no stream tells of its changes.
        var policyDueNs = Int64.min
        /// Decides while the server is away.
        var standIn: StandIn?
        /// What the server allowed a call under last that was no probe.
        var lastPermit = Pass.none
        /// Whether the server gave no decision when it was asked last.
        var isRefused = false
        /// Whether a call was made without the key that its cache needs.
        var hasMissedKey = false
        var tally = DecisionTally()

        /// Whether ``policy`` is the present one, as far as the stream tells.
        var isPolicyKnown: Bool { policyRevision != nil && policyRevision == image?.policyRevision }

        /// The breaker as it was known last.
        var lastImage: LocalImage? { image ?? decidedImage }
    }

    let name: String
    /// Its place among the breakers of this process.
    let place: Int
    let state: NIOLockedValueBox<State>

    init(name: String, place: Int, image: LocalImage?) {
        self.name = name
        self.place = place
        state = NIOLockedValueBox(State())
        show(image)
    }

    /// What the stream tells.
    /// - Parameter isAnew: whether it begins anew, so that what was known before counts no more.
    func show(_ image: LocalImage?, isAnew: Bool = false) {
        state.withLockedValue { state in
            if state.isAhead, !isAnew, let known = state.image, let image, image.generation < known.generation {
                return
            }
            state.isAhead = false
            state.show(image)
        }
    }

    /// The present history; an answer counts only in the one in which its request was sent.
    var history: Int { state.withLockedValue { $0.history } }

    /// Takes the server's answer to a report.
    /// - Parameter history: the one in which the report was sent.
    func take(_ state: BreakerState, generation: Int64, history: Int) {
        self.state.withLockedValue { entry in
            guard entry.history == history else { return }
            entry.show(answered: LocalImage(answered: state), generation: generation)
        }
    }

    /// Forgets generations and revisions of the former database.
    func forgetHistory() {
        state.withLockedValue { state in
            state.history += 1
            state.image = nil
            state.decidedImage = nil
            state.standIn = nil
            state.policyRevision = nil
            state.triedPolicyRevision = nil
            state.lastPermit = .none
        }
    }

    /// - Parameter absence: for which the stand-in decides as well: what either denies is denied; `nil` where it does not.
    /// - Returns: `nil` where the server has to be asked.
    func decide(atNs nowNs: Int64, besides absence: Int? = nil) -> CallDecision? {
        state.withLockedValue { state in
            guard var decision = state.standing.decision(atNs: nowNs) else { return nil }
            if let absence, decision.isAllowed {
                let own = state.askStandIn(of: name, absence: absence, atNs: nowNs)
                decision.standInPermit = own.standInPermit
                if !own.isAllowed { decision = own }
            }
            state.tally.count(decision)
            return decision
        }
    }

    /// Whether the server has to commit something before it decides, as far as is known: a probe, a transition that is
    /// due, or a new breaker.
    func mayNeedCommit(atNs nowNs: Int64) -> Bool {
        state.withLockedValue { state in
            state.lastImage.map { LocalStanding($0).decision(atNs: nowNs) == nil } ?? true
        }
    }

    /// What the server decided, be it that nobody waited for it.
    /// - Parameters:
    ///   - generation: the breaker's; `nil` where the server does not say.
    ///   - history: the one in which it was asked for.
    ///   - nowNs: when it was asked for.
    func learn(_ decision: CallDecision, generation: Int64?, history: Int, atNs nowNs: Int64) {
        state.withLockedValue { state in
            state.isRefused = false
            guard state.history == history else { return }
            if let generation, !decision.wouldDeny {
                state.show(answered: LocalImage(decision, atNs: nowNs), generation: generation)
            }
            if decision.isAllowed, !decision.isProbe { state.lastPermit = decision.permit }
            state.decidedImage = state.image == nil ? LocalImage(decision, atNs: nowNs) : nil
        }
    }

    /// What the server decided for a call.
    /// - Returns: whether the policy is to be asked for, where no stream tells of it.
    func take(_ decision: CallDecision, atNs nowNs: Int64) -> Bool {
        state.withLockedValue { state in
            state.tally.count(decision)
            return nowNs >= state.policyDueNs
        }
    }
}

extension BreakerEntry.State {
    fileprivate mutating func show(_ image: LocalImage?) {
        if !LocalImage.sameToAStandIn(image, self.image) { standIn = nil }
        self.image = image
        standing = image.map(LocalStanding.init) ?? .unknown
    }

    /// What an answer tells, where it is newer than what is known. A breaker that the stream does not tell of stays unknown:
    /// it may be of a kind that only the server understands.
    fileprivate mutating func show(answered image: LocalImage, generation: Int64) {
        guard let known = self.image,
            generation > known.generation || known.isEndUnknown && generation == known.generation
        else { return }
        var image = image
        image.generation = generation
        image.policyRevision = known.policyRevision
        // The only order that begins no generation. One whose breaker denies is over.
        if known.override?.mode == .shadow, image.override == nil, image.openUntilNs == nil {
            image.override = known.override
        }
        isAhead = true
        show(image)
    }
}

/// How many calls were allowed and denied, and by whom.
public struct DecisionTally: Hashable, Sendable {
    public struct Counts: Hashable, Sendable {
        public var allowed = 0
        public var denied = 0

        mutating func count(_ isAllowed: Bool) {
            if isAllowed { allowed += 1 } else { denied += 1 }
        }

        static func + (left: Counts, right: Counts) -> Counts {
            Counts(allowed: left.allowed + right.allowed, denied: left.denied + right.denied)
        }
    }

    /// By this process, from what the stream told.
    public var local = Counts()
    public var server = Counts()
    /// While the server was away, or gave no decision.
    public var fallback = Counts()

    mutating func count(_ decision: CallDecision) {
        switch decision.source {
        case .local: local.count(decision.isAllowed)
        case .server: server.count(decision.isAllowed)
        case .fallback: fallback.count(decision.isAllowed)
        }
    }

    static func + (left: DecisionTally, right: DecisionTally) -> DecisionTally {
        DecisionTally(
            local: left.local + right.local,
            server: left.server + right.server,
            fallback: left.fallback + right.fallback
        )
    }
}
