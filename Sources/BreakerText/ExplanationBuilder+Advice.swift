import BreakerCore

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
