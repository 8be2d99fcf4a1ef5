import BreakerCore
import NIOConcurrencyHelpers
import Synchronization

extension Fusebox {
    /// Takes what became of a call. Returns at once while ``run()`` sends, unless it was a probe: the next call is decided
    /// by what the server answers to that. So it returns, as without ``run()``, when the server has answered, or the
    /// caller's patience is over.
    ///
    /// The failure of a nested call is noted on its outer call. Where that is over, it is reported without a permit.
    nonisolated(nonsending) func report(
        _ outcome: CallOutcome,
        to entry: BreakerEntry,
        under decision: CallDecision,
        tookNs: Int64
    ) async {
        guard decision.isAllowed else { return }
        var decision = decision
        if let outer = decision.outer {
            guard case .failure = outcome, !outer.note(outcome) else { return }
            decision = CallDecision(isAllowed: true, source: decision.source, state: decision.state)
        }
        note(outcome, to: entry, under: decision, tookNs: tookNs)
        // Where the server does not decide, an outcome need not find that out once more; but a probe it did grant.
        guard decision.isProbe || !isRunning.load(ordering: .relaxed) && !reachability.withLockedValue({ $0.isAway })
        else { return }
        await sendAndWait(atAnyRate: decision.isProbe)
    }

    private func note(_ outcome: CallOutcome, to entry: BreakerEntry, under decision: CallDecision, tookNs: Int64) {
        let durationMs = min(max(0, tookNs / nsPerMs), Limits.durationMs.upperBound)
        let nowNs = clock.nowNs()
        let isDurationTold = entry.state.withLockedValue { state in
            if configuration.unreachable == .local, state.standIn != nil || !isConnected.load(ordering: .relaxed) {
                if let absence = absence(atNs: nowNs) {
                    state.haveStandIn(of: entry.name, absence: absence, atNs: nowNs)
                } else if decision.source != .fallback, !state.isRefused {
                    state.standIn = nil
                }
                let permit = decision.standInPermit
                state.standIn?.report(outcome, permit: permit, durationMs: durationMs, atNs: nowNs)
            }
            return !state.isPolicyKnown || state.policy.slowCallMs != nil
        }
        let (core, kind, detail) = outcome.core
        // The duration of a call that did not fail is of use to a rule of slow calls only, and would keep equals apart.
        let tellsDuration = core == .failure || decision.isProbe || isDurationTold && core == .success
        outlet.add(
            Outbox.Item(
                place: entry.place,
                name: entry.name,
                outcome: core,
                permit: decision.permit,
                isProbe: decision.isProbe,
                durationMs: tellsDuration ? durationMs : nil,
                kind: kind,
                detail: detail,
                endedNs: nowNs
            )
        )
    }

    /// - Parameter atAnyRate: for a probe, which all wait for.
    private func sendAndWait(atAnyRate: Bool) async {
        let nowNs = clock.nowNs()
        let attempt = outlet.reachability.withLockedValue { reachability in
            reachability.begin(atNs: nowNs) ?? (atAnyRate ? reachability.beginAtAnyRate() : nil)
        }
        guard let attempt else { return }
        let race = Race<Void>()
        let timer = after(configuration.patience(mayNeedCommit: atAnyRate).inNs) {
            // While ``run()`` sends, nobody else waits, and a slow server is none that is away.
            if !self.isRunning.load(ordering: .relaxed) { self.outcomesAreLate(attempt) }
            race.settle(())
        }
        Task {
            await send(under: attempt)
            race.settle(())
        }
        await withTaskCancellationHandler {
            await race.value
        } onCancel: {
            race.settle(())
        }
        timer.cancel()
    }
}
