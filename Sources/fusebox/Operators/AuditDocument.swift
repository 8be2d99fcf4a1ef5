import Foundation

/// An operator's order, as the server keeps it.
struct AuditEntryDocument: Decodable, Sendable {
    /// What an order changed, before or after it: the members that its action has, and no others.
    struct Image: Decodable, Sendable {
        var policySource: String?
        var policy: [String: Double?]?
        var state: String?
        var generation: Int64?
        var override: Order?
        /// Of an override's entry, which is the override itself.
        var order: Order?

        private enum Key: CodingKey { case policySource, policy, state, generation, override }

        init(from decoder: any Decoder) throws {
            order = try? Order(from: decoder)
            // What is no object has no members: the entry is shown without them.
            guard let container = try? decoder.container(keyedBy: Key.self) else { return }
            policySource = try container.decodeIfPresent(String.self, forKey: .policySource)
            policy = try container.decodeIfPresent([String: Double?].self, forKey: .policy)
            state = try container.decodeIfPresent(String.self, forKey: .state)
            generation = try container.decodeIfPresent(Int64.self, forKey: .generation)
            override = try container.decodeIfPresent(Order.self, forKey: .override)
        }
    }

    struct Order: Decodable, Sendable {
        var mode: String
        var reason: String
        var actor: String
        var since: Date
        var expiresAt: Date?
    }

    var revision: Int64
    var at: Date
    var actor: String
    var address: String?
    var action: String
    var breaker: String
    var before: Image?
    var after: Image?
}

struct AuditListDocument: Decodable, Sendable {
    var audit: [AuditEntryDocument]
    var nextPageToken: String
}
