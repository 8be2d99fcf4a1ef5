package import BreakerCore
import BreakerText

/// A line of the stream with the change of one breaker.
package struct ChangeDocument: Document {
    /// A transition within its change, which has the revision and the instant.
    package struct Transition: Codable, Hashable, Sendable {
        package var from: String
        package var to: String
        package var cause: String
        package var detail: String
        /// The operator who ordered the transition; `nil` if it was automatic.
        package var actor: String?
    }

    /// The position at which a client can resume the stream.
    package var id: String
    package var revision: Int64
    /// `created`, `transition`, `policy` or `deleted`.
    package var type: String
    package var name: String
    package var at: Instant
    /// The operator who ordered the change; `nil` if no operator did.
    package var actor: String?
    // The breaker after the change, as in `BreakerSummaryDocument`; `null` after its deletion.
    package var state: String?
    package var generation: Int64?
    package var since: Instant?
    package var openUntil: Instant?
    package var override: OverrideDocument?
    package var policyRevision: Int64?
    package var transition: Transition?

    package init(_ change: Journal.Change, id: String) {
        self.id = id
        revision = change.revision
        type =
            switch change.kind {
            case .created: "created"
            case .transition: "transition"
            case .policyChanged: "policy"
            case .deleted: "deleted"
            }
        name = change.name.value
        at = change.at
        actor = change.actor
        state = change.summary?.state.rawValue
        generation = change.summary?.generation
        since = change.summary?.since
        openUntil = change.summary?.openUntil
        override = change.summary?.override.map { OverrideDocument($0) }
        policyRevision = change.summary?.policyRevision
        transition = change.transition.map { transition in
            Transition(
                from: transition.from.rawValue,
                to: transition.to.rawValue,
                cause: transition.cause.rawValue,
                detail: transition.detail,
                actor: transition.actor
            )
        }
    }

    enum CodingKeys: String, CodingKey {
        case id, revision, type, name, at, actor, state, generation, since
        case openUntil = "open_until"
        case override
        case policyRevision = "policy_revision"
        case transition
    }
}

/// A breaker in a ``ResyncDocument``.
package struct BreakerSummaryDocument: Document {
    package var name: String
    /// `closed`, `open` or `half_open`.
    package var state: String
    package var generation: Int64
    package var since: Instant
    /// When the recovery timeout ends; `nil` unless it is running.
    package var openUntil: Instant?
    package var override: OverrideDocument?
    package var policyRevision: Int64

    package init(_ summary: BreakerSummary, of name: BreakerName) {
        self.name = name.value
        state = summary.state.rawValue
        generation = summary.generation
        since = summary.since
        openUntil = summary.openUntil
        override = summary.override.map { OverrideDocument($0) }
        policyRevision = summary.policyRevision
    }

    enum CodingKeys: String, CodingKey {
        case name, state, generation, since
        case openUntil = "open_until"
        case override
        case policyRevision = "policy_revision"
    }
}

/// A line of the stream with the whole panel.
package struct ResyncDocument: Document {
    package var id: String
    /// The last revision in the panel.
    package var revision: Int64
    /// Identifies the history that the server's database holds.
    package var epoch: String
    package var type = "resync"
    /// `start`, `trimmed`, `unknown_revision` or `clock_step`.
    package var reason: String
    /// When the panel was read.
    package var at: Instant
    package var breakers: [BreakerSummaryDocument]

    package init(
        id: String,
        revision: Int64,
        epoch: String,
        reason: String,
        at instant: Instant,
        breakers: [BreakerSummaryDocument]
    ) {
        self.id = id
        self.revision = revision
        self.epoch = epoch
        self.reason = reason
        at = instant
        self.breakers = breakers
    }
}

/// A line of the stream that shows that the server is alive.
package struct HeartbeatDocument: Document {
    package var type = "heartbeat"
    /// When the line was sent.
    package var at: Instant
    /// The position that the stream has reached; `nil` before the first change.
    package var id: String?
    package var revision: Int64?

    package init(at instant: Instant, id: String?, revision: Int64?) {
        at = instant
        self.id = id
        self.revision = revision
    }
}

/// A line of the stream of changes as clients read it: a ``ChangeDocument``, a ``ResyncDocument``, a
/// ``HeartbeatDocument``, or a line of a type that a later version adds.
package struct EventDocument: Decodable, Hashable, Sendable {
    package var type: String
    /// The position at which a client can resume the stream, `<epoch>-<revision>`; `nil` if the server has no epochs.
    package var id: String?
    package var revision: Int64?
    package var at: Instant
    /// The name of the breaker that changed.
    package var name: String?
    /// The breaker after its change; `nil` after its deletion, and if only a later version can read it.
    package var summary: BreakerSummaryDocument?
    package var actor: String?
    package var transition: ChangeDocument.Transition?
    /// In a `resync`: why the server sends the whole panel.
    package var reason: String?
    /// In a `resync`: the epoch, which identifies the history that the server's database holds.
    package var epoch: String?
    /// In a `resync`: every breaker, except those that only a later version can read.
    package var breakers: [BreakerSummaryDocument]?

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        type = try container.decode(String.self, forKey: .type)
        id = try container.decodeIfPresent(String.self, forKey: .id)
        revision = try container.decodeIfPresent(Int64.self, forKey: .revision)
        at = try container.decode(Instant.self, forKey: .at)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        if name != nil { summary = try? BreakerSummaryDocument(from: decoder) }
        actor = try container.decodeIfPresent(String.self, forKey: .actor)
        transition = try container.decodeIfPresent(ChangeDocument.Transition.self, forKey: .transition)
        reason = try container.decodeIfPresent(String.self, forKey: .reason)
        epoch = try container.decodeIfPresent(String.self, forKey: .epoch)
        breakers = try container.decodeIfPresent([ReadableSummary].self, forKey: .breakers)?.compactMap(\.summary)
    }

    private enum CodingKeys: CodingKey { case type, id, revision, at, name, actor, transition, reason, epoch, breakers }

    /// One breaker that cannot be read does not make its line unreadable.
    private struct ReadableSummary: Decodable {
        var summary: BreakerSummaryDocument?

        init(from decoder: any Decoder) throws { summary = try? BreakerSummaryDocument(from: decoder) }
    }
}
