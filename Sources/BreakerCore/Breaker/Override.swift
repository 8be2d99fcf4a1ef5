/// An operator's order that takes precedence over the automatic state.
package struct Override: Hashable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        /// Every acquire is denied; no report is applied.
        case forceOpen = "force_open"
        /// Every acquire is allowed; reports count; nothing trips.
        case forceClosed = "force_closed"
        /// The state machine runs as usual, but an acquire that it would deny is allowed, and the answer says so.
        case shadow

        /// The state in which a breaker resumes when the override ends; `nil` if its state does not change.
        package var stateAfter: State? {
            switch self {
            case .forceOpen: .halfOpen
            case .forceClosed: .closed
            case .shadow: nil
            }
        }
    }

    package var mode: Mode
    package var reason: String
    package var actor: String
    package var since: Instant
    /// `nil` if the override stays in force until it is cleared.
    package var expiresAt: Instant?

    package init(mode: Mode, reason: String, actor: String, since: Instant, expiresAt: Instant?) {
        self.mode = mode
        self.reason = reason
        self.actor = actor
        self.since = since
        self.expiresAt = expiresAt
    }
}
