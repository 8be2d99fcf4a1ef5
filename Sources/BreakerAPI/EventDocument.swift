package import BreakerCore

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
