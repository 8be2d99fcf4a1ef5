import BreakerAPI
import BreakerCore
import Logging
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

extension Fusebox {
    /// Sends the waiting outcomes, or waits for the task that does, and notes from the result whether the server is
    /// reachable.
    func send(under attempt: Reachability.Attempt) async {
        let startNs = clock.nowNs()
        switch await reportSender.sender({ await self.sendBatches() }).value {
        case .nothing: reportSender.reachability.withLockedValue { $0.withdrawn(attempt) }
        case .taken: serverTookOutcomes(attempt, tookNs: clock.nowNs() - startNs)
        case .refused: serverAnsweredToOutcomes(attempt)
        case .failed(let error): serverTookNoOutcomes(error, attempt)
        }
    }

    private func sendBatches() async -> ReportSender.Sending {
        var sending = ReportSender.Sending.nothing
        while true {
            let nowNs = clock.nowNs()
            guard let batch = reportSender.take(atNs: nowNs) else { return sending }
            let entries = panel.entries
            let batchEntries = batch.map { entries[$0.index] }
            let histories = batchEntries.map(\.history)
            do {
                let documents = batch.map { ReportDocument($0, reporter: reporter, atNs: nowNs) }
                let answer = try await client.report(documents)
                guard answer.results.count == batch.count else { throw WrongCount() }
                apply(answer.results, to: batchEntries, histories)
                if let fault = settle(batch, answer.results) {
                    return .failed(FuseboxError(status: 503, code: fault.code, detail: fault.detail))
                }
                sending = .taken
            } catch let error as FuseboxError where error.isAboutContent {
                // The server would refuse these outcomes again, and they would hold up all later ones.
                settle(batch, refused: batch, code: error.code, error.detail)
                if case .nothing = sending { sending = .refused }
            } catch {
                reportSender.putBack(batch)
                return .failed(error)
            }
        }
    }

    /// The answer does not have one result per report.
    private struct WrongCount: Error {}

    /// Puts back the outcomes that the server did not accept for a temporary reason, and the later outcomes of the same
    /// breakers. Sent again, they are in order, and the server recognises those it already has by their ids.
    /// - Returns: the reason; `nil` if nothing is put back.
    private func settle(
        _ batch: [Outbox.Item],
        _ results: [ReportsAnswerDocument.Result]
    ) -> ReportsAnswerDocument.Fault? {
        var again: [Outbox.Item] = []
        var indicesAgain: Set<Int> = []
        var answered: [Outbox.Item] = []
        var refused: [Outbox.Item] = []
        var passing: ReportsAnswerDocument.Fault?
        var lasting: ReportsAnswerDocument.Fault?
        for (item, result) in zip(batch, results) {
            if let error = result.error, let code = ProblemCode(rawValue: error.code), code.status >= 500 {
                indicesAgain.insert(item.index)
                passing = passing ?? error
            }
            guard !indicesAgain.contains(item.index) else {
                again.append(item)
                continue
            }
            answered.append(item)
            guard let error = result.error else { continue }
            refused.append(item)
            lasting = lasting ?? error
        }
        settle(answered, refused: refused, code: lasting?.code, lasting?.detail ?? "")
        if !again.isEmpty { reportSender.putBack(again) }
        return passing
    }

    /// Takes the breakers' states from the answers, which arrive earlier than the stream's changes.
    private func apply(
        _ answers: [ReportsAnswerDocument.Result],
        to entries: [BreakerEntry],
        _ histories: [Int]
    ) {
        for (answer, (entry, history)) in zip(answers, zip(entries, histories)) {
            guard let generation = answer.generation, let state = answer.state.flatMap(BreakerState.init) else {
                continue
            }
            entry.take(state, generation: generation, history: history)
        }
    }

    private func settle(_ batch: [Outbox.Item], refused: [Outbox.Item], code: String?, _ detail: String) {
        guard reportSender.settle(batch, refused: refused) else { return }
        log(
            .error,
            "fusebox refused outcomes",
            [
                "breakers": Set(refused.map(\.name)).sorted().prefix(10).joined(separator: " "),
                "code": code ?? "none",
                "error": detail,
            ]
        )
    }
}

extension ReportDocument {
    fileprivate init(_ item: Outbox.Item, reporter: String, atNs nowNs: Int64) {
        self.init(
            name: item.name,
            outcome: item.outcome.rawValue,
            permit: item.permit.text,
            durationMs: item.durationMs,
            ageMs: max(0, nowNs - item.endedNs) / nsPerMs,
            kind: item.kind,
            detail: item.detail,
            reporter: reporter,
            reportID: item.id,
            count: item.count == 1 ? nil : item.count
        )
    }
}

extension Fusebox {
    /// Sends the decisions that this process made itself, once a second, until the task is cancelled.
    func sendDecisionsRegularly() async {
        while (try? await clock.sleep(forNs: Self.decisionsNs)) != nil {
            // While the server is away the counts add up, because an unanswered request loses them.
            let isAway = reportSender.isHeldUp || reachability.withLockedValue { $0.isAway }
            if !isAway { await sendDecisions() }
        }
    }

    private static let decisionsNs: Int64 = 1_000 * nsPerMs

    /// Sends the decisions that this process made itself since the last request. Each is sent at most once, because the
    /// server could not recognise a repeated count; if the answer is lost, they may be missing at the server.
    func sendDecisions() async {
        guard !hasRefusedDecisions.load(ordering: .relaxed) else { return }
        let taken = panel.entries.compactMap { entry -> (BreakerEntry, DecisionTally.Counts)? in
            let counts = entry.state.withLockedValue { $0.takeOwnDecisions() }
            return counts == DecisionTally.Counts() ? nil : (entry, counts)
        }
        let counts = taken.prefix(Self.mostDecisions)
        putBack(taken.dropFirst(Self.mostDecisions))
        guard !counts.isEmpty else { return }
        do {
            try await client.count(
                counts.map { entry, counts in
                    DecisionCountDocument(
                        name: entry.name,
                        allowed: Int64(counts.allowed),
                        denied: Int64(counts.denied)
                    )
                }
            )
        } catch let error as FuseboxError where error.status == 400 {
            // A server of an earlier version does not know them.
            hasRefusedDecisions.store(true, ordering: .relaxed)
        } catch let error as FuseboxError where error.isRefusal {
            putBack(counts)
        } catch {
            log(.debug, "counts of decisions are lost", ["error": "\(error)"])
        }
    }

    /// The maximum number of breakers in one request: the server's limit.
    private static let mostDecisions = 10_000

    private func putBack(_ counts: ArraySlice<(BreakerEntry, DecisionTally.Counts)>) {
        for (entry, counts) in counts {
            entry.state.withLockedValue { $0.putBackOwnDecisions(counts) }
        }
    }
}

extension BreakerEntry.State {
    /// The decisions of this process that were not taken yet, up to the server's limit for one count.
    mutating func takeOwnDecisions() -> DecisionTally.Counts {
        let counts = DecisionTally.Counts(
            allowed: min(tally.local.allowed + tally.fallback.allowed - sentDecisions.allowed, Self.largestCount),
            denied: min(tally.local.denied + tally.fallback.denied - sentDecisions.denied, Self.largestCount)
        )
        sentDecisions = sentDecisions + counts
        return counts
    }

    mutating func putBackOwnDecisions(_ counts: DecisionTally.Counts) {
        sentDecisions.allowed -= counts.allowed
        sentDecisions.denied -= counts.denied
    }

    private static let largestCount = 1_000_000
}
