/// The fields of a policy as a person or a program wrote them.
package typealias PolicyDocument = [String: PolicyValue]

/// Every fault of a policy document.
package struct PolicyError: Error, Hashable, Sendable {
    package struct Fault: Hashable, Sendable {
        /// The field at fault, as it was written.
        package var field: String
        /// What is wrong with it, in words.
        package var detail: String
    }

    package var faults: [Fault]
}

extension Policy {
    /// This policy with the fields of `document` laid over it.
    ///
    /// `null` switches a rule off, or restores the default of a field that has no off.
    /// - Throws: a ``PolicyError`` that names every field at fault; a document is taken whole or not at all.
    package func applying(_ document: PolicyDocument) throws(PolicyError) -> Policy {
        var policy = self
        var faults: [PolicyError.Fault] = []
        for (name, value) in document.sorted(by: { $0.key < $1.key }) {
            guard let field = PolicyField(rawValue: name) else {
                faults.append(.init(field: name, detail: "is not a field of a policy"))
                continue
            }
            guard field.admits(value) else {
                faults.append(.init(field: name, detail: "must be \(field.rangeDescription), or null\(value.butWas)"))
                continue
            }
            policy.set(field, to: value)
        }
        let windows: [PolicyField] = [.windowMs, .windowCalls]
        if windows.allSatisfy({ document[$0.rawValue] != nil && document[$0.rawValue] != .null }) {
            for window in windows {
                faults.append(
                    .init(field: window.rawValue, detail: "only one of window_ms and window_calls may be set")
                )
            }
        }
        faults += policy.contradictions(sparing: Set(faults.map(\.field)))
        guard faults.isEmpty else { throw PolicyError(faults: faults) }
        return policy
    }

    /// What cannot be true together although each field is within its range.
    ///
    /// - Parameter atFault: fields that hold nothing to compare with, for their values were refused.
    private func contradictions(sparing atFault: Set<String>) -> [PolicyError.Fault] {
        var faults: [PolicyError.Fault] = []
        func fault(_ field: PolicyField, against other: PolicyField, _ detail: String) {
            guard atFault.isDisjoint(with: [field.rawValue, other.rawValue]) else { return }
            faults.append(.init(field: field.rawValue, detail: detail))
        }
        if slowCallRateThreshold != nil, slowCallMs == nil {
            fault(.slowCallMs, against: .slowCallRateThreshold, "is required by slow_call_rate_threshold")
        }
        if recoveryTimeoutMaxMs < recoveryTimeoutMs {
            let detail = "must be at least recovery_timeout_ms (\(recoveryTimeoutMs))"
            fault(.recoveryTimeoutMaxMs, against: .recoveryTimeoutMs, detail)
        }
        if case .calls(let calls) = window {
            if failureRateThreshold != nil || slowCallRateThreshold != nil, minimumCalls > calls {
                let detail = "must be at most window_calls (\(calls)), or no rate could ever trip"
                fault(.minimumCalls, against: .windowCalls, detail)
            }
            if let failureCountThreshold, failureCountThreshold > calls {
                let detail = "must be at most window_calls (\(calls)), or it could never trip"
                fault(.failureCountThreshold, against: .windowCalls, detail)
            }
        }
        return faults
    }
}

extension PolicyField {
    /// Whether the field may be set to `value`.
    fileprivate func admits(_ value: PolicyValue) -> Bool {
        if value == .null { return true }
        return switch range {
        case .integer(let range): value.asInteger.map(range.contains) ?? false
        case .rate: value.asDecimal.map { $0 > 0 && $0 <= 1 } ?? false
        case .factor(let range): value.asDecimal.map(range.contains) ?? false
        }
    }
}

extension PolicyValue {
    fileprivate var butWas: String {
        switch self {
        case .null: ""
        case .integer(let value): ", not \(value)"
        case .decimal(let value): ", not \(value)"
        case .unsuitable(let what): ", not \(what)"
        }
    }
}
