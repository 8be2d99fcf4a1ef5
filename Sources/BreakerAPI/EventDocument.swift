/// A line of the stream of changes: a change, the whole panel (`resync`), or a sign of life (`heartbeat`).
public struct EventDocument: Codable, Hashable, Sendable {
    /// `created`, `transition`, `policy`, `deleted`, `resync`, `heartbeat`, or one of a later version.
    public var type: String
    /// Where the stream can be taken up again, `<epoch>-<revision>`; `nil` from a server that knows no epochs.
    public var id: String?
    /// The change's; the last one that is in the panel; how far a quiet stream has come. `null` in a heartbeat before any.
    public var revision: Int64?
    /// When it happened, or was told, RFC 3339.
    public var at: String
    /// Whose change it is.
    public var name: String?
    /// The breaker behind the change; `null` behind a deletion.
    public var state: String?
    public var generation: Int64?
    public var openUntil: String?
    public var override: OverrideDocument?
    public var policyRevision: Int64?
    /// Which history the server's database holds, in a `resync`.
    public var epoch: String?
    /// Every breaker, in a `resync`.
    public var breakers: [StandingDocument]?

    enum CodingKeys: String, CodingKey {
        case type, id, revision, at, name, state, generation, override, epoch, breakers
        case openUntil = "open_until"
        case policyRevision = "policy_revision"
    }
}

/// One breaker of the panel.
public struct StandingDocument: Codable, Hashable, Sendable {
    public var name: String
    /// `closed`, `open` or `half_open`.
    public var state: String
    public var generation: Int64
    public var openUntil: String?
    public var override: OverrideDocument?
    public var policyRevision: Int64

    enum CodingKeys: String, CodingKey {
        case name, state, generation, override
        case openUntil = "open_until"
        case policyRevision = "policy_revision"
    }
}

extension EventDocument {
    /// The breaker that a change left; `nil` behind a deletion, and for what is no change.
    public var standing: StandingDocument? {
        guard let name, let state, let generation, let policyRevision else { return nil }
        return StandingDocument(
            name: name,
            state: state,
            generation: generation,
            openUntil: openUntil,
            override: override,
            policyRevision: policyRevision
        )
    }
}

/// An operator's order that stands, as far as it changes decisions.
public struct OverrideDocument: Codable, Hashable, Sendable {
    /// `force_open`, `force_closed` or `shadow`.
    public var mode: String
    /// `null` where it stands until it is cleared.
    public var expiresAt: String?

    enum CodingKeys: String, CodingKey {
        case mode
        case expiresAt = "expires_at"
    }
}
