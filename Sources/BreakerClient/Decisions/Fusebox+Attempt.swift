import BreakerAPI
import BreakerCore
import Dispatch
import Logging
import NIOConcurrencyHelpers

extension Fusebox {
    /// What came of asking the server once.
    enum Reply: Sendable {
        case decided(DecisionDocument)
        /// The server is there, and will not decide, however often it is asked.
        case refused(FuseboxError)
        case failed(any Error)
        /// The caller's task was cancelled meanwhile.
        case cancelled
    }

    /// The server did not answer within the caller's patience.
    struct TooSlow: Error {}

    /// How long a server that answers nothing counts as slow, and not as away, in nanoseconds from when the caller's
    /// patience ended.
    static let longestSilenceNs: Int64 = 2_000 * nsPerMs

    /// Asks the server, for as long as the caller waits.
    ///
    /// What it tells of the server is told whether or not the caller is still there. The request itself goes on: a probe
    /// that the server grants when nobody waits any more is given back.
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
            logger.error("fusebox gives no decision", metadata: ["breaker": "\(entry.name)", "error": "\(error)"])
        case .failed(let error): serverFailed(error, attempt)
        case .cancelled: break
        }
    }

    /// - Returns: what waits; to be cancelled where `body` is not to happen any more.
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
    /// The breaker's: a denial names it, and a permit is of it. `nil` from a server that does not say.
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
        permit = document.permit.map(Pass.written) ?? .none
        leaseMs = document.leaseMs.map { max(0, $0) } ?? -1
    }

    /// What is longer is as good as for ever, and could not be counted in nanoseconds: a century.
    private static let longestMs: Int64 = 100 * 365 * 86_400_000
}
