package import BreakerCore

/// The reason why the engine did not carry out a request. The request had no effect, unless the code is
/// ``Code/outcomeUnknown``: then it may have had one.
package struct EngineError: Error, Hashable, Sendable {
    package enum Code: String, CaseIterable, Sendable {
        case unknownBreaker = "unknown_breaker"
        case breakerLimit = "breaker_limit"
        case reportIDConflict = "report_id_conflict"
        case forced
        case preconditionFailed = "precondition_failed"
        case invalidPolicy = "invalid_policy"
        case storageUnavailable = "storage_unavailable"
        case outcomeUnknown = "outcome_unknown"
        case overloaded
        case shuttingDown = "shutting_down"
    }

    package struct Fault: Hashable, Sendable {
        package var field: String
        package var detail: String
    }

    package var code: Code
    /// A sentence that is safe to show to any client.
    package var message: String
    /// The fields at fault, if any.
    package var faults: [Fault] = []

    package init(_ code: Code, _ message: String, faults: [Fault] = []) {
        self.code = code
        self.message = message
        self.faults = faults
    }

    /// No client sees this error.
    static let cancelled = EngineError(.overloaded, "the request was cancelled")
    static let shuttingDown = EngineError(.shuttingDown, "the server is shutting down")
    static let overloaded = EngineError(.overloaded, "the write queue is full; retry later")
    static let overdue = EngineError(
        .overloaded,
        "the request waited too long for the writer and had no effect; retry later"
    )
    static let storageUnavailable = EngineError(
        .storageUnavailable,
        "the change could not be stored and had no effect; retry later"
    )
    /// The error of a read while the working copy may differ from the store.
    static let storeFailed = EngineError(.storageUnavailable, "the store failed; retry later")
    static let outcomeUnknown = EngineError(
        .outcomeUnknown,
        "the change may or may not be stored; repeat a report with the same report_id"
    )
}

extension EngineError {
    package static func unknown(_ name: BreakerName) -> EngineError {
        EngineError(.unknownBreaker, "there is no breaker \(name)")
    }

    /// The error for a refused policy, with every field at fault.
    package init(_ error: PolicyError) {
        self.init(
            .invalidPolicy,
            "the policy was refused",
            faults: error.faults.map { Fault(field: "policy.\($0.field)", detail: $0.detail) }
        )
    }
}
