package import BreakerCore

/// An operator's override of a breaker.
package struct OverrideDocument: Document {
    /// `force_open`, `force_closed` or `shadow`.
    package var mode: String
    package var reason: String
    package var actor: String
    package var since: Instant
    /// `nil` if the override stays in force until an operator clears it.
    package var expiresAt: Instant?

    package init(_ override: Override) {
        mode = override.mode.rawValue
        reason = override.reason
        actor = override.actor
        since = override.since
        expiresAt = override.expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case mode, reason, actor, since
        case expiresAt = "expires_at"
    }
}

extension Override {
    /// - Returns: `nil` for a mode that only a later version knows.
    package init?(_ document: OverrideDocument) {
        guard let mode = Mode(rawValue: document.mode) else { return nil }
        self.init(
            mode: mode,
            reason: document.reason,
            actor: document.actor,
            since: document.since,
            expiresAt: document.expiresAt
        )
    }
}
