import BreakerAPI
import BreakerCore
import NIOConcurrencyHelpers
import Synchronization

extension Fusebox {
    /// Decides a call: locally if possible, otherwise at the server.
    /// - Throws: if the task is cancelled and the client has to ask the server. A probe that is granted then is given
    ///   back.
    @inline(__always)
    nonisolated(nonsending) func acquire(_ entry: BreakerEntry) async throws(CancellationError) -> CallDecision {
        if let decision = RunningCall.decision(of: entry, by: self) { return decision }
        let nowNs = clock.nowNs()
        if let decision = decideLocally(entry, atNs: nowNs) { return decision }
        return try await decideRemotely(entry, atNs: nowNs)
    }

    /// - Returns: `nil` if the client has to ask the server.
    @inline(__always)
    func decideLocally(_ entry: BreakerEntry, atNs nowNs: Int64) -> CallDecision? {
        guard nowNs - confirmedNs.load(ordering: .acquiring) <= maxStalenessNs else { return nil }
        return isConnected.load(ordering: .relaxed)
            ? entry.decide(atNs: nowNs) : decideBesideStandIn(entry, atNs: nowNs)
    }

    /// Decides after the stream broke off: the panel decides until it is stale, together with a stand-in, which counts
    /// the outcomes in the meantime.
    private func decideBesideStandIn(_ entry: BreakerEntry, atNs nowNs: Int64) -> CallDecision? {
        entry.decide(atNs: nowNs, besides: configuration.unreachable != .allow ? absence(atNs: nowNs) : nil)
    }

    /// - Returns: the number of the absence; `nil` if the server has been reachable for a while.
    func absence(atNs nowNs: Int64) -> Int? { reachability.withLockedValue { $0.absence.current(atNs: nowNs) } }

    private nonisolated(nonsending) func decideRemotely(
        _ entry: BreakerEntry,
        atNs nowNs: Int64
    ) async throws(CancellationError) -> CallDecision {
        if Task.isCancelled { throw CancellationError() }
        guard let attempt = reachability.withLockedValue({ $0.begin(atNs: nowNs) }) else { return decideAlone(entry) }
        switch await ask(entry, attempt, atNs: nowNs) {
        case .decided(let document):
            let decision = CallDecision(document)
            let isPolicyDue = entry.take(decision, atNs: nowNs)
            if isPolicyDue, !isFollowing { policyRequests.continuation.yield() }
            return decision
        case .refused, .failed: return decideAlone(entry)
        case .cancelled: throw CancellationError()
        }
    }

    // MARK: Without the server

    private func decideAlone(_ entry: BreakerEntry) -> CallDecision {
        let nowNs = clock.nowNs()
        let (absence, retryAfterNs) = reachability.withLockedValue {
            ($0.absence.number, max(Self.leastRetryAfterNs, $0.retryAfterNs(atNs: nowNs)))
        }
        return entry.state.withLockedValue { state in
            var decision: CallDecision
            let known = state.lastSummary?.state ?? .closed
            switch configuration.unreachable {
            case .allow: decision = CallDecision(isAllowed: true, source: .fallback, state: known)
            case .deny:
                decision = CallDecision(isAllowed: false, source: .fallback, state: known)
                decision.retryAfterNs = retryAfterNs
            case .local: decision = state.askStandIn(of: entry.name, absence: absence, atNs: nowNs)
            }
            // The last known permit, so that a breaker whose generation has changed does not count the report.
            if decision.isAllowed {
                decision.permit = (state.summary?.generation).map(CallPermit.generation) ?? state.lastPermit
            }
            state.tally.count(decision)
            return decision
        }
    }

    /// A denial with a retry time of zero would make its caller ask in a tight loop.
    private static let leastRetryAfterNs = Reachability.firstPauseNs
}
