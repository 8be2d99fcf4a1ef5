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

    /// What every admitted name begins with.
    var prefix: String { name?.value ?? prefixes.max { $0.utf8.count < $1.utf8.count } ?? "" }

    /// Whether every name from `first` to `last` is admitted: all between two names with a prefix have it too.
    func admitsAll(from first: BreakerName, to last: BreakerName) -> Bool {
        name == nil && admits(first) && admits(last)
    }
}
