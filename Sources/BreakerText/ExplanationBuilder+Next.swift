package import BreakerCore

extension ExplanationBuilder {
    /// The next events, those with a time first.
    var next: [Explanation.NextEvent] {
        let events = automatic + (breaker.override.map { [end(of: $0)] } ?? [])
        let dated = events.filter { $0.at != nil }.sorted { ($0.at ?? now) < ($1.at ?? now) }
        return dated + events.filter { $0.at == nil }
    }

    private var automatic: [Explanation.NextEvent] {
        switch breaker.phase {
        case .closed:
            guard force == nil, let nearest else { return [] }
            return [.init(kind: .trip, at: nil, detail: "it opens \(Self.condition(nearest))")]
        case .open(let until):
            guard let until else { return [] }
            return [.init(kind: .halfOpen, at: until, detail: "\(probes) let through, and \(closing)")]
        case .halfOpen(let halfOpen):
            let leases = halfOpen.leases.map { lease in
                Explanation.NextEvent(
                    kind: .leaseEnds,
                    at: lease.until,
                    detail: "a probe that is not reported by then is lost, and its place is free"
                )
            }
            return leases + [
                .init(kind: .close, at: nil, detail: closing),
                .init(kind: .trip, at: nil, detail: "a failed probe opens it again"),
            ]
        }
    }

    /// "when consecutive failures reach 5".
    private static func condition(_ reading: Rule.Reading) -> String {
        let threshold = Phrase.number(reading.threshold, isRate: reading.rule.isRate)
        let calls = reading.minimumCalls.map { " of at least \($0) calls" } ?? ""
        return "when \(reading.rule.inWords) reach \(threshold)\(calls)"
    }

    func end(of override: Override) -> Explanation.NextEvent {
        .init(
            kind: .overrideEnds,
            at: override.expiresAt,
            detail: "\(override.mode.rawValue) ends; \(outcome(of: override))"
        )
    }

    /// The effect of the end of an override.
    func outcome(of override: Override) -> String {
        switch override.mode {
        case .forceOpen: "it resumes half open, so that one probe decides"
        case .forceClosed: "it resumes closed, with nothing counted"
        case .shadow: "its denials apply again"
        }
    }

    /// "one probe is".
    var probes: String {
        Phrase.count(policy.halfOpenProbes, "probe is", "probes at a time are")
    }

    /// "one success closes it".
    var closing: String {
        let missing = max(1, policy.successThreshold - Int(breaker.probeSuccesses))
        let more = breaker.probeSuccesses > 0 ? "more " : ""
        return Phrase.count(missing, "\(more)success closes it", "\(more)successes close it")
    }
}

extension ExplanationBuilder {
    /// The advice for an unstable breaker, based on its numbers; empty for a stable one.
    var advice: [Explanation.Advice] {
        guard breaker.isUnstable(at: now) else { return [] }
        let trips = transitions.filter { $0.isTrip && $0.at.milliseconds(until: now) < Breaker.recentMs }
        let failedProbes = trips.count { $0.cause == .probeFailed }
        // The first trip of the hour does not follow another within it.
        let relapses = trips.dropLast().count { $0.from == .closed }
        var advice: [Explanation.Advice] = []
        if failedProbes > 0, let longer = longerRecovery(failedProbes) { advice.append(longer) }
        if relapses > 0, let proof = moreProof(relapses) { advice.append(proof) }
        return advice
    }

    /// Advice against probes that come too early: later openings in a row, or all openings, should last longer.
    private func longerRecovery(_ failedProbes: Int) -> Explanation.Advice? {
        let detail = "\(Phrase.count(failedProbes, "probe", "probes")) failed, so probes come too early"
        if policy.recoveryTimeoutMultiplier == 1, policy.recoveryTimeoutMs < policy.recoveryTimeoutMaxMs {
            return advise(
                .recoveryTimeoutMultiplier,
                .decimal(2),
                "\(detail); double the wait at each opening in a row"
            )
        }
        let field: PolicyField =
            policy.recoveryTimeoutMs < policy.recoveryTimeoutMaxMs ? .recoveryTimeoutMs : .recoveryTimeoutMaxMs
        guard case .integer(let range) = field.range, let current = policy[field].asInteger else { return nil }
        let cap = field == .recoveryTimeoutMs ? policy.recoveryTimeoutMaxMs : range.upperBound
        let suggested = min(2 * current, cap)
        guard suggested > current else { return nil }
        return advise(field, .integer(suggested), "\(detail); wait longer")
    }

    /// Advice against closing too early: more probes should have to succeed.
    private func moreProof(_ relapses: Int) -> Explanation.Advice? {
        guard case .integer(let range) = PolicyField.successThreshold.range else { return nil }
        let suggested = min(2 * Int64(policy.successThreshold) + 1, range.upperBound)
        guard suggested > Int64(policy.successThreshold) else { return nil }
        let times = relapses == 1 ? "once" : "\(relapses) times"
        return advise(
            .successThreshold,
            .integer(suggested),
            "it tripped \(times) soon after it had closed, so it closes too early; require more successes"
        )
    }

    private func advise(_ field: PolicyField, _ suggested: PolicyValue, _ detail: String) -> Explanation.Advice {
        .init(field: field, current: policy[field], suggested: suggested, detail: detail)
    }
}

extension Rule {
    /// The words that follow the observed number: "4 consecutive failures", "40 % of 5 calls failed".
    var happened: String {
        switch self {
        case .failureThreshold, .failureCountThreshold: inWords
        case .failureRateThreshold: "failed"
        case .slowCallRateThreshold: "were slow"
        }
    }

    /// The events that the rule counts.
    package var inWords: String {
        switch self {
        case .failureThreshold: "consecutive failures"
        case .failureCountThreshold: "failures in the window"
        case .failureRateThreshold: "failed calls"
        case .slowCallRateThreshold: "slow calls"
        }
    }
}
