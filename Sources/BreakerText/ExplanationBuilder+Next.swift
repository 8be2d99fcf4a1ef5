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
