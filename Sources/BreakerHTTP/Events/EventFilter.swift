import BreakerCore

/// Selects the breakers whose changes a stream sends.
struct EventFilter: Hashable, Sendable {
    /// The only breaker that is admitted; `nil` where there is no such limit.
    var name: BreakerName?
    /// Prefixes that an admitted name must all have: that of the request and that of the token.
    var prefixes: [String] = []

    func admits(_ other: BreakerName) -> Bool {
        if let name, other != name { return false }
        return prefixes.allSatisfy(other.value.hasPrefix)
    }

    /// A prefix of every admitted name.
    var prefix: String { name?.value ?? prefixes.max { $0.utf8.count < $1.utf8.count } ?? "" }

    /// Whether every name from `first` to `last` is admitted. Every name between two names with a prefix has it too.
    func admitsAll(from first: BreakerName, to last: BreakerName) -> Bool {
        name == nil && admits(first) && admits(last)
    }
}
