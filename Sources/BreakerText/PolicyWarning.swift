package import BreakerCore

/// A part of a valid policy that probably does not do what the operator expects.
package struct PolicyWarning: Hashable, Sendable {
    /// The kind of a warning, as the API names it.
    package enum Code: String, CaseIterable, Sendable {
        /// A rule opens the breaker before another rule can.
        case shadowedRule = "shadowed_rule"
        /// A field has a value, and another field's value leaves it without effect.
        case unusedField = "unused_field"
        /// No rule is on, so only an operator opens the breaker.
        case noRule = "no_rule"
        /// More probes may run at once than the breaker needs to close.
        case surplusProbes = "surplus_probes"
        /// The change does not apply to the opening in progress.
        case runningOpening = "running_opening"
    }

    package var code: Code
    /// A sentence: the fact, then what to do.
    package var detail: String
    /// The fields at issue, in the order of the policy's table.
    package var fields: [PolicyField]
}

extension PolicyWarning {
    /// The fields that set how long an opening lasts.
    private static let openingFields: Set<PolicyField> = [
        .recoveryTimeoutMs, .recoveryTimeoutMultiplier, .recoveryTimeoutMaxMs,
    ]

    /// The warning that a change leaves the opening of a breaker as it is.
    ///
    /// - Parameters:
    ///   - changed: the fields that the change sets to another value.
    ///   - openUntil: the end of the opening.
    /// - Returns: `nil` if the change sets no field of an opening's duration.
    package static func runningOpening(
        of name: BreakerName,
        changed: [PolicyField],
        openUntil: Instant
    ) -> PolicyWarning? {
        let fields = changed.filter { openingFields.contains($0) }
        guard !fields.isEmpty else { return nil }
        return PolicyWarning(
            code: .runningOpening,
            detail: """
                The breaker stays open until \(openUntil.timestamp); the change applies from its next opening. To end \
                this opening and let a probe through at once, run: fusebox reset \(name) --to half_open
                """,
            fields: fields
        )
    }
}

extension Policy {
    /// The warnings about this policy: rules that shadow each other, and fields without effect.
    package var warnings: [PolicyWarning] { missingRule + shadowedRules + unusedFields + surplusProbes }

    private var missingRule: [PolicyWarning] {
        guard Rule.on(in: self).isEmpty else { return [] }
        let fields: [PolicyField] = [
            .failureThreshold, .failureCountThreshold, .failureRateThreshold, .slowCallRateThreshold,
        ]
        let detail = "No rule is on, so only an operator opens the breaker. Set one of the four rules."
        return [PolicyWarning(code: .noRule, detail: detail, fields: fields)]
    }

    private var shadowedRules: [PolicyWarning] {
        var warnings: [PolicyWarning] = []
        func warn(_ rule: PolicyField, _ other: PolicyField, _ detail: String) {
            warnings.append(PolicyWarning(code: .shadowedRule, detail: detail, fields: [rule, other]))
        }
        if let streak = failureThreshold, let rate = failureRateThreshold, streak <= fewestFailures(for: rate) {
            let detail = """
                The breaker opens at \(Phrase.counted(streak, "failure")) in a row, whatever their share of the calls, \
                so it may open before \(Phrase.share(rate)) of at least \(Phrase.counted(minimumCalls, "call")) fail. To \
                open it by the share alone, set failure_threshold to null.
                """
            warn(.failureThreshold, .failureRateThreshold, detail)
        }
        if let streak = failureThreshold, let count = failureCountThreshold, count <= streak {
            let isOfTime = if case .time = window { true } else { false }
            let effect = isOfTime ? "open it only if they are too far apart for the window" : "never open it"
            let detail = """
                The breaker opens at \(Phrase.counted(count, "failure")) in the window, so \(streak) in a row can \
                \(effect). Raise failure_count_threshold, or set failure_threshold to null.
                """
            warn(.failureThreshold, .failureCountThreshold, detail)
        }
        if let count = failureCountThreshold, let rate = failureRateThreshold, count <= fewestFailures(for: rate) {
            let detail = """
                The breaker opens at \(Phrase.counted(count, "failure")) in the window, so failure_rate_threshold \
                never does: \(Phrase.share(rate)) of at least \(Phrase.counted(minimumCalls, "call")) are no fewer. Raise \
                failure_count_threshold, or set one of the two to null.
                """
            warn(.failureCountThreshold, .failureRateThreshold, detail)
        }
        return warnings
    }

    /// The smallest number of failures with which a rule on their share can hold.
    private func fewestFailures(for rate: Double) -> Int {
        let calls = Double(minimumCalls)
        var failures = max(1, Int(calls * rate) - 1)
        while Double(failures) / calls < rate { failures += 1 }
        return failures
    }

    private var unusedFields: [PolicyWarning] {
        var warnings: [PolicyWarning] = []
        func warn(_ field: PolicyField, _ detail: String) {
            warnings.append(PolicyWarning(code: .unusedField, detail: detail, fields: [field]))
        }
        let rules = Rule.on(in: self)
        if slowCallMs != nil, slowCallRateThreshold == nil {
            warn(
                .slowCallMs,
                "slow_call_ms opens nothing without slow_call_rate_threshold: slow calls are only counted. Set both."
            )
        }
        if minimumCalls != Policy().minimumCalls, !rules.contains(where: \.isRate) {
            warn(
                .minimumCalls,
                """
                minimum_calls has no effect without a rate. Set failure_rate_threshold or slow_call_rate_threshold, or \
                set minimum_calls to null.
                """
            )
        }
        if window != Policy().window, !rules.isEmpty, rules.allSatisfy({ $0 == .failureThreshold }) {
            let field: PolicyField = if case .calls = window { .windowCalls } else { .windowMs }
            warn(
                field,
                """
                \(field.rawValue) has no effect on the rules: none that is on reads the window. Set \
                failure_count_threshold or a rate, or set \(field.rawValue) to null.
                """
            )
        }
        var uncapped = self
        uncapped.givenRecoveryTimeoutMaxMs = nil
        if recoveryTimeoutMultiplier == 1, recoveryTimeoutMaxMs != uncapped.recoveryTimeoutMaxMs {
            warn(
                .recoveryTimeoutMaxMs,
                """
                recovery_timeout_max_ms has no effect while recovery_timeout_multiplier is 1: each opening lasts \
                \(LengthText.exact(ms: recoveryTimeoutMs)). Set recovery_timeout_multiplier above 1, or \
                recovery_timeout_max_ms to null.
                """
            )
        }
        if recoveryTimeoutMultiplier > 1, recoveryTimeoutMaxMs == recoveryTimeoutMs {
            warn(
                .recoveryTimeoutMultiplier,
                """
                recovery_timeout_multiplier has no effect: recovery_timeout_max_ms is no longer than \
                recovery_timeout_ms. Raise recovery_timeout_max_ms.
                """
            )
        }
        return warnings
    }

    private var surplusProbes: [PolicyWarning] {
        guard halfOpenProbes > successThreshold else { return [] }
        let detail = """
            Up to \(halfOpenProbes) probes run at once, but the breaker closes after \
            \(Phrase.count(successThreshold, "success", "successes")), without waiting for the others. \
            Set success_threshold to \(halfOpenProbes) to wait for all, or half_open_probes to \(successThreshold).
            """
        return [PolicyWarning(code: .surplusProbes, detail: detail, fields: [.halfOpenProbes, .successThreshold])]
    }
}
