/// The fields of a policy as given in a request or in the configuration, before validation.
package typealias PolicyDocument = [String: PolicyValue]

/// The error of an invalid policy document. It lists every fault.
package struct PolicyError: Error, Hashable, Sendable {
    package struct Fault: Hashable, Sendable {
        /// The name of the field, as given in the document.
        package var field: String
        /// A description of the fault.
        package var detail: String
    }

    package var faults: [Fault]
}

extension Policy {
    /// This policy, with its fields replaced by those of `document`.
    ///
    /// `null` turns a rule off, or restores the default of a field that cannot be off.
    /// - Throws: a ``PolicyError`` that names every invalid field; an invalid document is rejected whole.
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
            for (window, other) in zip(windows, windows.reversed()) {
                faults.append(
                    .init(field: window.rawValue, detail: "must not be set together with \(other.rawValue)")
                )
            }
        }
        faults += policy.contradictions(sparing: Set(faults.map(\.field)))
        guard faults.isEmpty else { throw PolicyError(faults: faults) }
        return policy
    }

    /// The contradictions between fields whose values are each within their range.
    ///
    /// - Parameter atFault: fields that are not compared, because their values were rejected.
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
