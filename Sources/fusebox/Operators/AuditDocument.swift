import Foundation

/// An entry of the server's audit log: an operator's order.
struct AuditEntryDocument: Decodable, Sendable {
    /// The state that an order changed, before or after it. Only the members that belong to the action are set.
    struct Image: Decodable, Sendable {
        var policySource: String?
        var policy: [String: Double?]?
        var state: String?
        var generation: Int64?
        var override: Order?
        /// The override, in the entry of an override. There the JSON object itself is the override.
        var order: Order?

        private enum Key: CodingKey { case policySource, policy, state, generation, override }

        init(from decoder: any Decoder) throws {
            order = try? Order(from: decoder)
            // A value that is not an object has no members; the entry is shown without them.
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
