/// A record of an operator's order, with the values before and after it. The entry stays when its breaker is deleted.
package struct AuditEntry: Hashable, Sendable {
    package enum Action: String, CaseIterable, Sendable {
        case policy
        case overrideSet = "override_set"
        case overrideCleared = "override_cleared"
        case reset
        case delete
    }

    /// The revision of the change. No two entries have the same revision.
    package var revision: Int64
    package var at: Instant
    package var author: Author
    package var action: Action
    package var breaker: BreakerName
    /// The value before the order; `nil` if there was none, or if this version cannot read it.
    package var before: AuditValue?
    /// The value after the order; `nil` if there is none, or if this version cannot read it.
    package var after: AuditValue?

    package init(
        revision: Int64,
        at instant: Instant,
        author: Author,
        action: Action,
        breaker: BreakerName,
        before: AuditValue?,
        after: AuditValue?
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

/// A filter for audit entries. A member that is `nil` or empty matches every entry.
package struct AuditFilter: Hashable, Sendable {
    package var breaker: BreakerName?
    /// A prefix of the breaker's name.
    package var prefix = ""
    /// The names that the reader may see.
    package var visible = NameScope.all
    package var actor: String?
    package var action: AuditEntry.Action?
    /// The period of the entries: from `from`, inclusive, to `to`, exclusive.
    package var from: Instant?
    package var to: Instant?

    package init() {}
}

/// The author of an order: the actor and the address from which the order came.
package struct Author: Hashable, Sendable {
    /// The actor of every order to a server without tokens.
    package static let anonymous = "anonymous"

    package var actor: String
    /// The address from which the order came; `nil` if it has none.
    package var address: String?

    package init(actor: String, address: String?) {
        self.actor = actor
        self.address = address
    }

    /// Identifies the client: the token's name; without tokens, `@` and the address. No token's name contains `@`.
    package var client: String { actor == Self.anonymous ? "@\(address ?? "")" : actor }
}

/// The changed part of a breaker, before or after an operator's order.
package enum AuditValue: Hashable, Sendable {
    case policy(Policy, source: PolicySource)
    case override(Override)
    case state(State, generation: Int64)
    /// Everything that a deletion removed.
    case breaker(state: State, generation: Int64, policy: Policy, source: PolicySource, override: Override?)
}
