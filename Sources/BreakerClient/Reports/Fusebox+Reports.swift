import BreakerCore
import NIOConcurrencyHelpers
import Synchronization

extension Fusebox {
    /// Adds the outcome of a call to the outbox. While ``run()`` sends, it returns at once, unless the call was a
    /// probe: the server's answer to a probe's report decides the next call. For a probe, and without ``run()``, it
    /// returns when the server has answered, or when the caller's patience is over.
    ///
    /// The failure of a nested call is noted on its outer call. If that call is over, it is reported without a permit.
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
        // If the server is known to be unreachable, an outcome need not try it again. But the server granted the probe.
        guard decision.isProbe || !isRunning.load(ordering: .relaxed) && !reachability.withLockedValue({ $0.isAway })
        else { return }
        await sendAndWait(atAnyRate: decision.isProbe)
    }

    private func note(_ outcome: CallOutcome, to entry: BreakerEntry, under decision: CallDecision, tookNs: Int64) {
        let durationMs = min(max(0, tookNs / nsPerMs), Limits.durationMs.upperBound)
        let nowNs = clock.nowNs()
        let needsDuration = entry.state.withLockedValue { state in
            if configuration.unreachable != .allow, state.standIn != nil || !isConnected.load(ordering: .relaxed) {
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
        // Only the slow-call rule uses the duration of a success, and different durations prevent merging.
        let sendsDuration = core == .failure || decision.isProbe || needsDuration && core == .success
        reportSender.add(
            Outbox.Item(
                index: entry.index,
                name: entry.name,
                outcome: core,
                permit: decision.permit,
                isProbe: decision.isProbe,
                durationMs: sendsDuration ? durationMs : nil,
                kind: kind,
                detail: detail,
                endedNs: nowNs
            )
        )
    }

    /// - Parameter atAnyRate: whether to send even during a pause, as for a probe, which all callers wait for.
    private func sendAndWait(atAnyRate: Bool) async {
        let nowNs = clock.nowNs()
        let attempt = reportSender.reachability.withLockedValue { reachability in
            reachability.begin(atNs: nowNs) ?? (atAnyRate ? reachability.beginAtAnyRate() : nil)
        }
        guard let attempt else { return }
        let race = Race<Void>()
        let timer = after(configuration.patience(mayNeedCommit: atAnyRate).inNs) {
            // While ``run()`` sends, no other caller waits for outcomes, and a slow server is not unreachable.
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
