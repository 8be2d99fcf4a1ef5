import BreakerAPI
import BreakerCore
import Logging
import NIOConcurrencyHelpers
import Synchronization

extension Fusebox {
    /// - Throws: where the task is cancelled while the server is asked. A probe that is granted then is given back.
    @inline(__always)
    nonisolated(nonsending) func acquire(_ entry: BreakerEntry) async throws(CancellationError) -> CallDecision {
        let nowNs = clock.nowNs()
        if let decision = decideLocally(entry, atNs: nowNs) { return decision }
        return try await ask(entry, atNs: nowNs)
    }

    /// - Returns: `nil` where the server has to be asked.
    @inline(__always)
    func decideLocally(_ entry: BreakerEntry, atNs nowNs: Int64) -> CallDecision? {
        guard nowNs - heardNs.load(ordering: .acquiring) <= maxStalenessNs else { return nil }
        return entry.decide(atNs: nowNs)
    }

    private nonisolated(nonsending) func ask(
        _ entry: BreakerEntry,
        atNs nowNs: Int64
    ) async throws(CancellationError) -> CallDecision {
        guard reachability.withLockedValue({ $0.mayTry(atNs: nowNs) }) else { return decideAlone(entry) }
        switch await attempt(entry) {
        case .answered(let document):
            serverAnswered(decided: true)
            let decision = CallDecision(document)
            entry.count(decision)
            return decision
        case .refused(let error):
            serverRefused(error, entry)
            return decideAlone(entry)
        case .failed(let error):
            serverFailed(error)
            return decideAlone(entry)
        case .cancelled: throw CancellationError()
        }
    }

    // MARK: One attempt

    private enum Attempt: Sendable {
        case answered(DecisionDocument)
        /// The server is there, and will not decide, however often it is asked.
        case refused(FuseboxError)
        case failed(any Error)
        case cancelled
    }

    /// The server did not answer within the caller's patience.
    struct TooSlow: Error {}

    /// Asks the server, for as long as the caller waits. The request itself goes on: a probe that the server grants when
    /// nobody waits any more is given back.
    private func attempt(_ entry: BreakerEntry) async -> Attempt {
        let race = Race<Attempt>()
        Task {
            let attempt: Attempt
            do {
                attempt = .answered(try await client.acquire(entry.name))
            } catch let error as FuseboxError where error.status < 500 {
                attempt = .refused(error)
            } catch {
                attempt = .failed(error)
            }
            if !race.settle(attempt), case .answered(let document) = attempt { await giveBack(document, to: entry) }
        }
        let timer = whenPatienceEnds { race.settle(.failed(TooSlow())) }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await race.value
        } onCancel: {
            race.settle(.cancelled)
        }
    }

    /// - Returns: what waits; to be cancelled where `body` is not to happen any more.
    func whenPatienceEnds(_ body: @escaping @Sendable () -> Void) -> Task<Void, Never> {
        Task { [clock, configuration] in
            guard (try? await clock.sleep(forNs: configuration.patience.inNs)) != nil else { return }
            body()
        }
    }

    private func giveBack(_ document: DecisionDocument, to entry: BreakerEntry) async {
        let decision = CallDecision(document)
        guard decision.isProbe else { return }
        await report(.ignored, to: entry, under: decision, tookNs: 0)
    }

    // MARK: Without the server

    private func decideAlone(_ entry: BreakerEntry) -> CallDecision {
        let nowNs = clock.nowNs()
        let (absence, retryAfterNs) = reachability.withLockedValue {
            ($0.absences, $0.retryAfterNs(atNs: nowNs))
        }
        return entry.state.withLockedValue { state in
            var decision: CallDecision
            let known = state.image?.state ?? .closed
            switch configuration.unreachable {
            case .allow: decision = CallDecision(isAllowed: true, source: .fallback, state: known)
            case .deny:
                decision = CallDecision(isAllowed: false, source: .fallback, state: known)
                decision.retryAfterNs = retryAfterNs
            case .local: decision = Self.askStandIn(&state, entry, absence: absence, atNs: nowNs)
            }
            if decision.isAllowed { decision.permit = (state.image?.generation).map(Pass.generation) ?? .none }
            state.tally.count(decision)
            return decision
        }
    }

    private static func askStandIn(
        _ state: inout BreakerEntry.State,
        _ entry: BreakerEntry,
        absence: Int,
        atNs nowNs: Int64
    ) -> CallDecision {
        if state.standIn?.absence != absence {
            guard let name = BreakerName(entry.name) else { preconditionFailure("\(entry.name) is no name") }
            state.standIn = StandIn(name, policy: state.policy, image: state.image, absence: absence, atNs: nowNs)
        }
        var random = SystemRandomNumberGenerator()
        guard let decision = state.standIn?.acquire(atNs: nowNs, random: &random) else {
            preconditionFailure("\(entry.name) has no stand-in")
        }
        return decision
    }
}

extension CallDecision {
    init(_ document: DecisionDocument) {
        self.init(
            isAllowed: document.allowed,
            source: .server,
            state: BreakerState(rawValue: document.state) ?? (document.allowed ? .closed : .open)
        )
        wouldDeny = document.wouldDeny ?? false
        retryAfterNs = document.retryAfterMs.map { max(0, $0) * nsPerMs } ?? -1
        permit = document.permit.map(Pass.written) ?? .none
        isProbe = document.leaseMs != nil
    }
}
