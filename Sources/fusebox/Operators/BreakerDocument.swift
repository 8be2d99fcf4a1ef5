import Foundation

/// A breaker as the server shows it to operators.
struct BreakerDocument: Decodable, Sendable {
    struct Probes: Decodable, Sendable {
        var inFlight: Int
        var limit: Int
        var lost: Int
    }

    struct Override: Decodable, Sendable {
        var mode: String
        var reason: String
        var actor: String
        var expiresAt: Date?
    }

    /// An active rule, and how near it is to tripping.
    struct Rule: Decodable, Sendable {
        var field: String
        /// `nil` while there are no calls to observe.
        var observed: Double?
        var threshold: Double
        var calls: Int?
        var minimumCalls: Int?
    }

    var name: String
    var state: String
    var generation: Int64
    var since: Date
    var openUntil: Date?
    /// The fields of the policy by their names in JSON; `nil` if a rule is off.
    var policy: [String: Double?]
    var policySource: String
    var probes: Probes
    var override: Override?
    var lastTransition: TransitionDocument?
    var lastFailure: FailureDocument?
    var openingsLastHour: Int
    var lastSeenAt: Date?
    var rules: [Rule]
    var unstable: Bool
}

struct TransitionDocument: Decodable, Sendable {
    var detail: String
}

struct FailureDocument: Decodable, Sendable {
    var kind: String?
    var detail: String?
    var reporter: String?
    var durationMs: Int64?
    var count: Int?
    var at: Date
}

struct BreakerListDocument: Decodable, Sendable {
    struct Counts: Decodable, Sendable {
        var total: Int
        var closed: Int
        var open: Int
        var halfOpen: Int
        var overridden: Int
    }

    var breakers: [BreakerDocument]
    var counts: Counts
}
