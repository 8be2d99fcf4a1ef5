import Foundation

/// A breaker as a stream of changes reports it.
struct WatchedBreakerDocument: Decodable, Hashable, Sendable {
    struct Override: Decodable, Hashable, Sendable {
        var mode: String
        var reason: String
        var actor: String
    }

    var name: String
    /// `nil` for a deleted breaker.
    var state: String?
    var generation: Int64?
    var override: Override?
    var policyRevision: Int64?
}

/// A line of a stream: a change, the whole panel (`resync`), or a `heartbeat`.
struct ChangeDocument: Decodable, Sendable {
    struct Transition: Decodable, Sendable {
        var from: String
        var to: String
        var detail: String
    }

    var type: String
    var at: Date
    /// The position from which the stream can be resumed; `nil` from a server that sends no epochs.
    var id: String?
    /// The revision that the stream has reached.
    var revision: Int64?
    var actor: String?
    var transition: Transition?
    /// The reason for a resync.
    var reason: String?
    /// The breakers of a resync.
    var breakers: [WatchedBreakerDocument]?
    /// The breaker of a change.
    let summary: WatchedBreakerDocument?

    private enum Key: CodingKey { case type, at, id, revision, actor, transition, reason, breakers, name }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        type = try container.decode(String.self, forKey: .type)
        at = try container.decode(Date.self, forKey: .at)
        id = try container.decodeIfPresent(String.self, forKey: .id)
        revision = try container.decodeIfPresent(Int64.self, forKey: .revision)
        actor = try container.decodeIfPresent(String.self, forKey: .actor)
        transition = try container.decodeIfPresent(Transition.self, forKey: .transition)
        reason = try container.decodeIfPresent(String.self, forKey: .reason)
        breakers = try container.decodeIfPresent([WatchedBreakerDocument].self, forKey: .breakers)
        summary = container.contains(.name) ? try WatchedBreakerDocument(from: decoder) : nil
    }
}
