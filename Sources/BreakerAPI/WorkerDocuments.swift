/// The answer to an acquire, in JSON.
package struct DecisionDocument: Codable, Hashable, Sendable {
    package var allowed: Bool
    /// `closed`, `open` or `half_open`.
    package var state: String
    /// The permit that the report of the call carries back; absent if the call is denied.
    package var permit: String?
    /// How long a probe's permit stays valid, in milliseconds, counted from sending the acquire.
    package var leaseMs: Int64?
    /// Whether the breaker would deny the call if it were not in shadow.
    package var wouldDeny: Bool?
    /// Milliseconds until another acquire may be allowed; absent if only an operator can end the denial.
    package var retryAfterMs: Int64?
    /// The breaker's generation if the call is denied; otherwise the permit contains it. Older servers omit this field.
    package var generation: Int64?

    enum CodingKeys: String, CodingKey {
        case allowed, state, permit, generation
        case leaseMs = "lease_ms"
        case wouldDeny = "would_deny"
        case retryAfterMs = "retry_after_ms"
    }
}

/// The answer to a report, in JSON.
package struct ReportAnswerDocument: Codable, Hashable, Sendable {
    package var applied: Bool
    /// The state after the event.
    package var state: String
    /// The generation after the event; 0 if the breaker does not exist. Older servers omit this field.
    package var generation: Int64?
    /// Why the report changed nothing.
    package var reason: String?
    /// Whether this repeats the answer to the first report with this id.
    package var duplicate: Bool?
    /// How many of the report's outcomes were applied; present if its count is more than 1.
    package var counted: Int?
}
