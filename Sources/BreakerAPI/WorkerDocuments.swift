/// The answer to an acquire, as it travels.
public struct DecisionDocument: Codable, Hashable, Sendable {
    public var allowed: Bool
    /// `closed`, `open` or `half_open`.
    public var state: String
    /// To be carried back by the report; absent where the call is denied.
    public var permit: String?
    /// How long a probe's permit stays valid, in milliseconds, counted from sending the acquire.
    public var leaseMs: Int64?
    /// The breaker would deny, were it not in shadow.
    public var wouldDeny: Bool?
    /// Milliseconds until asking again may help; absent where only an operator ends it.
    public var retryAfterMs: Int64?
    /// The breaker's, where the call is denied; a permit has it otherwise. A server before it was added leaves it out.
    public var generation: Int64?

    enum CodingKeys: String, CodingKey {
        case allowed, state, permit, generation
        case leaseMs = "lease_ms"
        case wouldDeny = "would_deny"
        case retryAfterMs = "retry_after_ms"
    }
}

/// The answer to a report, as it travels.
public struct ReportAnswerDocument: Codable, Hashable, Sendable {
    public var applied: Bool
    /// The state after the event.
    public var state: String
    /// The generation after the event; 0 where there is no such breaker. A server before it was added leaves it out.
    public var generation: Int64?
    /// Why the report changed nothing.
    public var reason: String?
    /// This is the answer that the first report of this id was given.
    public var duplicate: Bool?
    /// How many of a report's outcomes were applied; present where it stood for several.
    public var counted: Int?
}

/// An error, as it travels (RFC 9457).
public struct ProblemDocument: Codable, Hashable, Sendable {
    public struct Fault: Codable, Hashable, Sendable {
        public var field: String
        public var detail: String
    }

    public var type: String
    public var title: String
    public var status: Int
    public var detail: String
    /// A ``ProblemCode``, or one of a later version.
    public var code: String
    public var errors: [Fault]?
}
