extension Breaker {
    /// Applies a worker's report of a finished call.
    package mutating func report(_ report: Report, at now: Instant, journal: inout Journal) -> ReportAnswer {
        advance(to: now, journal: &journal)
        if let refusal = refusal(of: report, at: now) {
            return answer(counted: 0, refusal: refusal)
        }
        switch phase {
        case .closed: return reportWhileClosed(report, at: now, journal: &journal)
        case .halfOpen: return reportOfProbe(report, at: now, journal: &journal)
        case .open: preconditionFailure("no report is applied while open")
        }
    }

    /// The answer to a report, with the breaker as it is after the event.
    private func answer(counted: Int, refusal: ReportAnswer.Refusal? = nil) -> ReportAnswer {
        ReportAnswer(counted: counted, refusal: refusal, state: state, generation: generation)
    }

    /// The reason why `report` is not applied. The order of the checks is the order of precedence.
    private func refusal(of report: Report, at now: Instant) -> ReportAnswer.Refusal? {
        if override?.mode == .forceOpen { return .forcedOpen }
        if let permit = report.permit, permit.generation != generation { return .stalePermit }
        if let lease = report.permit?.lease, !leases.contains(where: { $0.id == lease }) { return .leaseExpired }
        return switch phase {
        case .closed: isTooOld(report, at: now) ? .tooOld : nil
        case .open: .open
        case .halfOpen: report.permit?.lease == nil ? .noLease : nil
        }
    }

    // MARK: Closed

    /// Whether the call ended before the generation began, or before the time window.
    private func isTooOld(_ report: Report, at now: Instant) -> Bool {
        guard report.ageMs > 0 else { return false }
        let elapsedMs = since.milliseconds(until: now)
        guard report.ageMs <= elapsedMs else { return true }
        guard case .time(let windowMs) = policy.window else { return false }
        let endedMs = elapsedMs - report.ageMs
        return !TimeWindow.holds(elapsedMs: endedMs, atElapsedMs: elapsedMs, windowMs: windowMs)
    }

    /// Applies the report's outcomes as if they came one by one, until one trips the breaker. The outcomes of a report
    /// that is not current never trip it, whatever their number.
    private mutating func reportWhileClosed(
        _ report: Report,
        at now: Instant,
        journal: inout Journal
    ) -> ReportAnswer {
        guard case .closed(var closed) = phase else { preconditionFailure("\(name) is \(state), not closed") }
        guard report.outcome != .ignored else {
            return answer(counted: report.count)
        }
        phase = .open(until: nil)  // leaves `closed` the only owner of its window, so that none is copied
        let policy = policy
        let failed = report.outcome == .failure
        let isSlow = policy.isSlow(report.durationMs)
        let elapsedMs = max(0, since.milliseconds(until: now))
        let endedMs = elapsedMs - report.ageMs
        let isLastFailure = failed && endedMs >= closed.lastFailureMs
        var counted = 0
        var tripped: Rule.Reading?
        var mayTrip = override?.mode != .forceClosed
        if report.isCurrent {
            while counted < report.count, tripped == nil {
                counted += 1
                closed.count(failed: failed, endedMs: endedMs)
                let counts = closed.window.add(
                    failed: failed,
                    slow: isSlow,
                    atElapsedMs: endedMs,
                    nowMs: elapsedMs,
                    policy: policy
                )
                if mayTrip {
                    tripped = Rule.firstThatHolds(streak: closed.streak, counts: counts, policy: policy)
                }
                // The outcomes that are left are counted together if none of them can trip the breaker.
                guard counted < report.count, tripped == nil else { break }
                let rest = Counts(failed: failed, slow: isSlow, calls: UInt32(report.count - counted))
                mayTrip = mayTrip && closed.mayTrip(by: rest, after: counts, policy: policy)
                if !mayTrip, case .time = policy.window {
                    closed.count(failed: failed, rest.calls, endedMs: endedMs)
                    closed.window.addToBucket(rest, atElapsedMs: endedMs, policy: policy)
                    counted = report.count
                }
            }
        } else {
            counted = report.count
            let outcomes = Counts(failed: failed, slow: isSlow, calls: UInt32(counted))
            closed.window.addToBucket(outcomes, atElapsedMs: endedMs, policy: policy)
            if failed { closed.lastFailureMs = max(closed.lastFailureMs, endedMs) }
        }
        phase = .closed(closed)
        if failed {
            let failure = keepFailure(report, kind: report.kind, count: counted, at: now, journal: &journal)
            if isLastFailure { lastFailure = failure }
        }
        if let tripped {
            let evidence = Evidence(tripped, policy: policy, lastFailure: lastFailure)
            trip(tripped.rule.cause, evidence, at: now, journal: &journal)
        }
        return answer(counted: counted)
    }

    // MARK: Half open

    private mutating func reportOfProbe(_ report: Report, at now: Instant, journal: inout Journal) -> ReportAnswer {
        guard case .halfOpen(var halfOpen) = phase else { preconditionFailure("\(name) is \(state), not half open") }
        halfOpen.leases.removeAll { $0.id == report.permit?.lease }
        let isTooSlow = policy.slowCallRateThreshold != nil && policy.isSlow(report.durationMs)
        switch report.outcome {
        case .ignored:
            phase = .halfOpen(halfOpen)
        case .success where !isTooSlow:
            halfOpen.successes.addSaturating(1)
            phase = .halfOpen(halfOpen)
            closeIfProven(halfOpen, at: now, journal: &journal)
        case .success, .failure:
            phase = .halfOpen(halfOpen)
            let kind = report.kind ?? (report.outcome == .success ? Self.slowKind : nil)
            lastFailure = keepFailure(report, kind: kind, count: 1, at: now, journal: &journal)
            var evidence = Evidence()
            evidence.setOrigin(lastFailure)
            trip(.probeFailed, evidence, at: now, journal: &journal)
        }
        return answer(counted: report.count)
    }

    private mutating func closeIfProven(_ halfOpen: HalfOpen, at now: Instant, journal: inout Journal) {
        guard halfOpen.successes >= policy.successThreshold else { return }
        var evidence = Evidence()
        evidence.observed = Double(halfOpen.successes)
        evidence.threshold = Double(policy.successThreshold)
        let phase = Phase.closed(Closed(window: Window(for: policy)))
        move(to: phase, .probesSucceeded, evidence, at: now, journal: &journal)
    }

    /// The failure kind of a probe that succeeded too slowly.
    private static let slowKind = "slow_call"

    // MARK: Both

    /// Opens the breaker for the recovery timeout, which grows with the number of openings in a row.
    ///
    /// An opening follows another if it comes from half open, or from a closed period that is shorter than the intended
    /// duration of the last opening.
    private mutating func trip(_ cause: Cause, _ evidence: Evidence, at now: Instant, journal: inout Journal) {
        var openings: UInt32 = 1
        if let backOff, state == .halfOpen || since.milliseconds(until: now) < backOff.lastOpenMs {
            openings = backOff.openings
            openings.addSaturating(1)
        }
        let openMs = policy.openDurationMs(opening: openings)
        backOff = BackOff(openings: openings, lastOpenMs: openMs)
        rememberOpening(at: now)
        let until = now.advanced(byMilliseconds: openMs)
        move(to: .open(until: until), cause, isTrip: true, evidence, at: now, journal: &journal)
    }

    private mutating func rememberOpening(at instant: Instant) {
        forgetOpenings(hourBefore: instant)
        if recentOpenings.count == Self.keptOpenings { recentOpenings.removeFirst() }
        recentOpenings.append(instant)
    }

    /// Forgets the openings that are no longer recent at `instant`.
    package mutating func forgetOpenings(hourBefore instant: Instant) {
        recentOpenings.removeAll { $0.milliseconds(until: instant) >= Self.recentMs }
    }

    /// Creates a row of the failure log, dated at the end of the call.
    private mutating func keepFailure(
        _ report: Report,
        kind: String?,
        count: Int,
        at now: Instant,
        journal: inout Journal
    ) -> Failure {
        failureRows += 1
        let failure = Failure(
            number: failureRows,
            at: report.instant(at: now),
            kind: kind,
            detail: report.detail.map(Limits.cutDetail),
            reporter: report.reporter,
            durationMs: report.durationMs,
            count: count
        )
        journal.record(failure, of: self)
        return failure
    }
}

extension Breaker.Closed {
    /// Counts calls that ended `endedMs` into the generation. The streak does not change if a call with the other
    /// outcome that ended later has already been counted.
    fileprivate mutating func count(failed: Bool, _ calls: UInt32 = 1, endedMs: Int64) {
        if failed {
            if lastSuccessMs <= endedMs { streak.addSaturating(calls) }
            lastFailureMs = max(lastFailureMs, endedMs)
        } else {
            if lastFailureMs <= endedMs { streak = 0 }
            lastSuccessMs = max(lastSuccessMs, endedMs)
        }
    }

    /// Whether a rule may hold after some of the calls `rest`, which follow a call with the same outcome after which no
    /// rule held.
    ///
    /// From call to call, each rule's number only rises, or only falls. So a rule that holds at all holds after the last
    /// call, or after the one that completes the minimum of a rate. Calls push others out of a window of the last calls;
    /// there, every call may trip the breaker.
    ///
    /// - Parameter counts: the counts of the window before these calls.
    fileprivate func mayTrip(by rest: Counts, after counts: Counts, policy: Policy) -> Bool {
        guard case .time = policy.window else { return true }
        let missing = UInt32(clamping: policy.minimumCalls - Int(counts.calls))
        return [min(missing, rest.calls), rest.calls].contains { calls in
            let later = Counts(failed: rest.failures > 0, slow: rest.slow > 0, calls: calls)
            var (sum, streak) = (counts, streak)
            sum += later
            streak.addSaturating(later.failures)
            return Rule.firstThatHolds(streak: streak, counts: sum, policy: policy) != nil
        }
    }
}
