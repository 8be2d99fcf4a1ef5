import BreakerCore

extension ExplanationBuilder {
    /// The explanation as sentences for the operator on call, without refused reports.
    var sentences: [String] {
        var sentences: [String]
        if let force {
            sentences = forced(force)
        } else {
            switch breaker.phase {
            case .closed: sentences = closed
            case .open(let until): sentences = open(until: until) + outage
            case .halfOpen(let halfOpen): sentences = self.halfOpen(halfOpen) + outage
            }
            if let override = breaker.override { sentences += shadow(override) }
        }
        return sentences + instability
    }

    /// That reports do not count because they are invalid.
    func refusals(_ refused: [Explanation.RefusedReports]) -> [String] {
        guard let last = refused.first else { return [] }
        let count = Int(refused.reduce(0) { $0 + $1.count })
        let subject = count == 1 ? "1 invalid report was" : "\(count) invalid reports were"
        return [
            "\(subject) refused and did not count, the last at \(Phrase.past(last.lastAt, at: now)) from \(last.client):"
                + " \(Phrase.sentence("\(last.field) \(last.detail)"))"
        ]
    }

    /// What the current period and its trip do not tell: the last trip if an operator's order came after it, and since
    /// when the breaker has not been closed.
    private var outage: [String] {
        var sentences: [String] = []
        if presentTrip == nil, let trip {
            sentences.append("It last tripped at \(Phrase.past(trip.at, at: now)): \(Phrase.sentence(trip.detail))")
        }
        if let leftClosed, leftClosed.revision < presentTrip?.revision ?? breaker.generation {
            sentences.append("It has not been closed since \(Phrase.past(leftClosed.at, at: now)).")
        }
        return sentences
    }

    // MARK: By state

    private func open(until: Instant?) -> [String] {
        var sentences = ["\(beginning("open")): \(Phrase.sentence(cause))"]
        if let rule { sentences.append(threshold(rule)) }
        guard let until else { return sentences }
        return sentences + [
            "Calls \(denied) until \(Phrase.future(until, at: now)); then \(probes) let through, and \(closing)."
        ]
    }

    private func halfOpen(_ halfOpen: Breaker.HalfOpen) -> [String] {
        var sentences = ["\(beginning("half open")): \(Phrase.sentence(cause))"]
        if let presentTrip {
            sentences.append(
                "It opened at \(Phrase.past(presentTrip.at, at: now)): \(Phrase.sentence(presentTrip.detail))"
            )
        }
        if let rule { sentences.append(threshold(rule)) }
        let free = policy.halfOpenProbes - halfOpen.leases.count
        if free > 0 {
            sentences.append("The next call is let through as a probe; \(closing), and a failure opens it again.")
        } else if let end = halfOpen.leases.map(\.until).min() {
            let isOne = halfOpen.leases.count == 1
            let probes = Phrase.count(halfOpen.leases.count, "probe", "probes")
            let freed = isOne ? "it is reported, or its lease ends" : "one is reported, or the first lease ends"
            sentences.append(
                "With \(probes) in flight, other calls \(denied) until \(freed) at \(Phrase.future(end, at: now));"
                    + " \(closing), and a failure opens it again."
            )
        }
        return sentences
    }

    private var closed: [String] {
        var sentences: [String] = []
        // Setting or ending shadow mode does not begin a period.
        if breaker.generation == breaker.id {
            sentences.append("\(beginning("closed")) and has never tripped.")
        } else {
            sentences.append("\(beginning("closed")): \(Phrase.sentence(cause))")
            if let trip {
                sentences.append("It last tripped at \(Phrase.past(trip.at, at: now)): \(Phrase.sentence(trip.detail))")
            }
        }
        return sentences + ["All calls are let through."] + nearness
    }

    private func forced(_ force: Override) -> [String] {
        let state = force.mode == .forceOpen ? "forced open" : "forced closed"
        let effect =
            force.mode == .forceOpen
            ? "Every call is denied, and no report is applied,"
            : "Every call is let through, reports count, and nothing trips,"
        return ["\(beginning(state)), by \(force.actor): \(Phrase.sentence(force.reason))", "\(effect) \(end(force))."]
            + (force.mode == .forceClosed ? nearness : [])
    }

    private func shadow(_ override: Override) -> [String] {
        [
            "\(override.actor) put it in shadow at \(Phrase.past(override.since, at: now)): \(Phrase.sentence(override.reason))",
            "Calls that would be denied are let through \(end(override)).",
        ]
    }

    // MARK: Parts

    /// "payments has been open since 14:02:11 UTC (3 min ago)".
    private func beginning(_ state: String) -> String {
        "\(breaker.name) has been \(state) since \(Phrase.past(breaker.since, at: now))"
    }

    /// Why the current period began.
    private var cause: String {
        guard let last = breaker.lastTransition else { return "it was created" }
        if let storedBeginning { return storedBeginning.detail }
        return last.cause == .overrideSet ? "its override has expired" : "the recovery timeout has passed"
    }

    private var denied: String { breaker.override?.mode == .shadow ? "would be denied" : "are denied" }

    /// The threshold that the breaker reached. The policy may have changed since.
    private func threshold(_ rule: Explanation.RuleNumbers) -> String {
        let minimumCalls = presentTrip?.evidence.minimumCalls ?? policy.minimumCalls
        let calls = rule.rule.isRate ? " of at least \(minimumCalls) calls" : ""
        let isInForce = policy[rule.rule.field].asDecimal == rule.threshold && policy.minimumCalls == minimumCalls
        return "The rule \(rule.rule.field.rawValue) \(isInForce ? "trips" : "tripped") at"
            + " \(Phrase.number(rule.threshold, isRate: rule.rule.isRate))\(calls)."
    }

    private func end(_ override: Override) -> String {
        let until = override.expiresAt.map { Phrase.future($0, at: now) } ?? "an operator clears it"
        return "until \(until); then \(outcome(of: override))"
    }

    /// How close a closed breaker is to tripping.
    private var nearness: [String] {
        guard let nearest else { return ["No rule is on: only an operator opens it."] }
        guard let observed = nearest.observed, observed > 0 else { return ["Nothing counts towards a trip."] }
        let rule = nearest.rule
        let calls = nearest.calls.map { " of \($0) calls" } ?? ""
        let condition = nearest.minimumCalls.map { " of at least \($0) calls" } ?? ""
        return [
            "Nearest to a trip is \(rule.field.rawValue): \(Phrase.number(observed, isRate: rule.isRate))\(calls)"
                + " \(rule.happened); it \(force == nil ? "trips" : "would trip") at"
                + " \(Phrase.number(nearest.threshold, isRate: rule.isRate))\(condition)."
        ]
    }

    private var instability: [String] {
        guard breaker.isUnstable(at: now) else { return [] }
        let openings = breaker.openings(inHourBefore: now)
        let why = advice.map { advice in
            "\(advice.detail) (\(advice.field.rawValue): \(advice.suggested.inWords) instead of \(advice.current.inWords))"
        }
        let reasons = why.isEmpty ? "" : ": \(why.joined(separator: "; "))"
        return ["It opened \(openings) times within the last hour and is unstable\(reasons)."]
    }
}

extension PolicyValue {
    fileprivate var inWords: String {
        switch self {
        case .null: "off"
        case .integer(let value): "\(value)"
        case .decimal(let value): Int64(exactly: value).map { "\($0)" } ?? "\(value)"
        case .unsuitable(let what): what
        }
    }
}
