import BreakerCore

/// Whose changes a stream tells.
struct EventFilter: Hashable, Sendable {
    /// Of one breaker only.
    var name: BreakerName?
    /// Of breakers whose names begin with all of these: what the request asks for, and what the token may see.
    var prefixes: [String] = []

    func admits(_ other: BreakerName) -> Bool {
        if let name, other != name { return false }
        return prefixes.allSatisfy(other.value.hasPrefix)
    }
}
