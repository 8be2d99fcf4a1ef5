/// One line of the event stream: a change, the whole panel (`resync`), or a keep-alive (`heartbeat`).
package struct EventDocument: Codable, Hashable, Sendable {
    /// `created`, `transition`, `policy`, `deleted`, `resync`, `heartbeat`, or a type that a later version adds.
    package var type: String
    /// The position at which a client can resume the stream, `<epoch>-<revision>`; `nil` if the server has no epochs.
    package var id: String?
    /// The revision of a change; in a `resync`, the last revision in the panel; in a `heartbeat`, the last revision
    /// that the stream has reached, or `null` before the first.
    package var revision: Int64?
    /// When the change happened, or when another line was sent; RFC 3339.
    package var at: String
    /// The name of the breaker that changed.
    package var name: String?
    /// The breaker's state after the change; `null` after a deletion.
    package var state: String?
    package var generation: Int64?
    package var openUntil: String?
    package var override: OverrideDocument?
    package var policyRevision: Int64?
    /// In a `resync`: the epoch, which identifies the history that the server's database holds.
    package var epoch: String?
    /// In a `resync`: every breaker.
    package var breakers: [BreakerSummaryDocument]?

    enum CodingKeys: String, CodingKey {
        case type, id, revision, at, name, state, generation, override, epoch, breakers
        case openUntil = "open_until"
        case policyRevision = "policy_revision"
    }
}

/// One breaker in the panel.
package struct BreakerSummaryDocument: Codable, Hashable, Sendable {
    package var name: String
    /// `closed`, `open` or `half_open`.
    package var state: String
    package var generation: Int64
    package var openUntil: String?
    package var override: OverrideDocument?
    package var policyRevision: Int64

    enum CodingKeys: String, CodingKey {
        case name, state, generation, override
        case openUntil = "open_until"
        case policyRevision = "policy_revision"
    }
}

extension EventDocument {
    /// The breaker as it is after a change; `nil` after a deletion, and for a line that is not a change.
    package var summary: BreakerSummaryDocument? {
        guard let name, let state, let generation, let policyRevision else { return nil }
        return BreakerSummaryDocument(
            name: name,
            state: state,
            generation: generation,
            openUntil: openUntil,
            override: override,
            policyRevision: policyRevision
        )
    }
}

/// The part of an override that affects decisions.
package struct OverrideDocument: Codable, Hashable, Sendable {
    /// `force_open`, `force_closed` or `shadow`.
    package var mode: String
    /// `null` if the override stays in force until an operator clears it.
    package var expiresAt: String?

    enum CodingKeys: String, CodingKey {
        case mode
        case expiresAt = "expires_at"
    }
}
