/// What somebody ordered, with what it was before and is behind. It stays when its breaker goes.
package struct AuditEntry: Hashable, Sendable {
    package enum Action: String, CaseIterable, Sendable {
        case policy
        case overrideSet = "override_set"
        case overrideCleared = "override_cleared"
        case reset
        case delete
    }

    /// That of the change: no two entries have the same.
    package var revision: Int64
    package var at: Instant
    package var author: Author
    package var action: Action
    package var breaker: BreakerName
    /// A JSON object; `nil` where there was nothing.
    package var before: String?
    /// A JSON object; `nil` where nothing is left.
    package var after: String?

    package init(
        revision: Int64,
        at instant: Instant,
        author: Author,
        action: Action,
        breaker: BreakerName,
        before: String?,
        after: String?
    ) {
        self.revision = revision
        self.at = instant
        self.author = author
        self.action = action
        self.breaker = breaker
        self.before = before
        self.after = after
    }
}

/// Which entries of the audit are asked for; what is `nil` or empty is no matter.
package struct AuditFilter: Hashable, Sendable {
    package var breaker: BreakerName?
    /// What the breaker's name begins with: both.
    package var prefix = ""
    package var visiblePrefix = ""
    package var actor: String?
    package var action: AuditEntry.Action?
    /// The first instant that counts, and the first that does not any more.
    package var from: Instant?
    package var to: Instant?

    package init() {}
}
