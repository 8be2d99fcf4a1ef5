/// The answer to an acquire, in JSON.
public struct DecisionDocument: Codable, Hashable, Sendable {
    public var allowed: Bool
    /// `closed`, `open` or `half_open`.
    public var state: String
    /// The permit that the report of the call carries back; absent if the call is denied.
    public var permit: String?
    /// How long a probe's permit stays valid, in milliseconds, counted from sending the acquire.
    public var leaseMs: Int64?
    /// Whether the breaker would deny the call if it were not in shadow.
    public var wouldDeny: Bool?
    /// Milliseconds until another acquire may be allowed; absent if only an operator can end the denial.
    public var retryAfterMs: Int64?
    /// The breaker's generation if the call is denied; otherwise the permit contains it. Older servers omit this field.
    public var generation: Int64?

    enum CodingKeys: String, CodingKey {
        case allowed, state, permit, generation
        case leaseMs = "lease_ms"
        case wouldDeny = "would_deny"
        case retryAfterMs = "retry_after_ms"
    }
}

/// The answer to a report, in JSON.
public struct ReportAnswerDocument: Codable, Hashable, Sendable {
    public var applied: Bool
    /// The state after the event.
    public var state: String
    /// The generation after the event; 0 if the breaker does not exist. Older servers omit this field.
    public var generation: Int64?
    /// Why the report changed nothing.
    public var reason: String?
    /// Whether this repeats the answer to the first report with this id.
    public var duplicate: Bool?
    /// How many of the report's outcomes were applied; present if its count is more than 1.
    public var counted: Int?
}

/// An error in JSON (RFC 9457).
public struct ProblemDocument: Codable, Hashable, Sendable {
    public struct Fault: Codable, Hashable, Sendable {
        public var field: String
        public var detail: String
    }

    public var type: String
    public var title: String
    public var status: Int
    public var detail: String
    /// A ``ProblemCode``, or a code that a later version adds.
    public var code: String
    public var errors: [Fault]?
}
