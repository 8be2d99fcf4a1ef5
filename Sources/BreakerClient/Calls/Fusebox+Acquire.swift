import BreakerAPI
import BreakerCore
import Dispatch
import Logging
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

extension Fusebox {
    /// The result of one request for a decision.
    enum Reply: Sendable {
        case decided(DecisionDocument)
        /// The server is reachable but refuses to decide, however often the client asks.
        case refused(FuseboxError)
        case failed(any Error)
        /// The caller's task was cancelled in the meantime.
        case cancelled
    }

    /// The server did not answer within the caller's patience.
    struct TooSlow: Error {}

    /// How long a silent server counts as slow and not as away, in nanoseconds from the end of the caller's patience.
    static let longestSilenceNs: Int64 = 2_000 * nsPerMs

    /// Asks the server, and returns when it answers or when the caller's patience is over.
    ///
    /// The request continues after the caller has stopped waiting. Its result still updates the reachability of the
    /// server, and a probe that is granted too late is given back.
    func ask(_ entry: BreakerEntry, _ attempt: Reachability.Attempt, atNs nowNs: Int64) async -> Reply {
        let race = Race<Reply>()
        let patience = configuration.patience(mayNeedCommit: entry.mayNeedCommit(atNs: nowNs))
        let timer = after(patience.inNs) {
            self.serverIsLate(attempt)
            race.settle(.failed(TooSlow()))
            guard (try? await self.clock.sleep(forNs: Self.longestSilenceNs)) != nil else { return }
            self.serverFailed(TooSlow(), attempt)
        }
        let history = entry.history
        lateAttempts.enter()
        Task {
            let reply = await request(entry)
            timer.cancel()
            judge(reply, attempt, entry, history, askedNs: nowNs)
            if !race.settle(reply), case .decided(let document) = reply { await giveBack(document, to: entry) }
            lateAttempts.leave()
        }
        return await withTaskCancellationHandler {
            await race.value
        } onCancel: {
            race.settle(.cancelled)
        }
    }

    private func request(_ entry: BreakerEntry) async -> Reply {
        do {
            return .decided(try await client.acquire(entry.name))
        } catch let error as FuseboxError where error.isRefusal {
            return .refused(error)
        } catch {
            return .failed(error)
        }
    }

    private func judge(
        _ reply: Reply,
        _ attempt: Reachability.Attempt,
        _ entry: BreakerEntry,
        _ history: Int,
        askedNs: Int64
    ) {
        switch reply {
        case .decided(let document):
            serverDecided(attempt)
            entry.learn(
                CallDecision(document),
                generation: document.currentGeneration,
                history: history,
                atNs: askedNs
            )
        case .refused(let error):
            serverDecided(attempt)
            let isFirst = entry.state.withLockedValue { state in
                defer { state.isRefused = true }
                return !state.isRefused
            }
            guard isFirst else { return }
            log(.error, "fusebox refused a decision", ["breaker": entry.name, "error": "\(error)"])
        case .failed(let error): serverFailed(error, attempt)
        case .cancelled: break
        }
    }

    /// Runs `body` after a delay.
    /// - Returns: the waiting task; cancel it to prevent `body`.
    func after(_ nanoseconds: Int64, _ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task { [clock] in
            guard (try? await clock.sleep(forNs: nanoseconds)) != nil else { return }
            await body()
        }
    }

    private func giveBack(_ document: DecisionDocument, to entry: BreakerEntry) async {
        let decision = CallDecision(document)
        guard decision.isProbe else { return }
        await report(.ignored, to: entry, under: decision, tookNs: 0)
    }
}

extension DecisionDocument {
    /// The breaker's generation, from the document or from its permit; `nil` if the server does not send it.
    var currentGeneration: Int64? { generation ?? permit.flatMap(Permit.init)?.generation }
}

extension CallDecision {
    init(_ document: DecisionDocument) {
        self.init(
            isAllowed: document.allowed,
            source: .server,
            state: BreakerState(rawValue: document.state) ?? (document.allowed ? .closed : .open)
        )
        wouldDeny = document.wouldDeny ?? false
        retryAfterNs = document.retryAfterMs.map { min(max(0, $0), Self.longestMs) * nsPerMs } ?? -1
        permit = document.permit.map(CallPermit.written) ?? .none
        leaseMs = document.leaseMs.map { max(0, $0) } ?? -1
    }

    /// The maximum retry time, a century: a longer time would overflow when counted in nanoseconds.
    private static let longestMs: Int64 = 100 * 365 * 86_400_000
}

/// A value that several tasks may settle; the first one wins.
final class Race<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, Never>)
        case settled(Value)
    }

    private let state = NIOLockedValueBox(State.open)

    /// - Returns: whether this call was the first.
    @discardableResult
    func settle(_ value: Value) -> Bool {
        let (isFirst, waiting) = state.withLockedValue { state -> (Bool, CheckedContinuation<Value, Never>?) in
            switch state {
            case .settled: return (false, nil)
            case .open:
                state = .settled(value)
                return (true, nil)
            case .awaited(let continuation):
                state = .settled(value)
                return (true, continuation)
            }
        }
        waiting?.resume(returning: value)
        return isFirst
    }

    /// The settled value. Only one task may await it, once.
    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let value = state.withLockedValue { state -> Value? in
                    if case .settled(let value) = state { return value }
                    state = .awaited(continuation)
                    return nil
                }
                if let value { continuation.resume(returning: value) }
            }
        }
    }
}
