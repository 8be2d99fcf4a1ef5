import BreakerAPI
import BreakerCore
import Dispatch
import Logging
import NIOConcurrencyHelpers

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
