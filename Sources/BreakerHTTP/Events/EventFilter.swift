import BreakerCore

/// Selects the breakers whose changes a stream sends.
struct EventFilter: Hashable, Sendable {
    /// The only breaker that is admitted; `nil` where there is no such limit.
    var name: BreakerName?
    /// The names that the token may use.
    var scope = NameScope.all
    /// The prefix that the request asks for.
    var requestedPrefix = ""

    func admits(_ other: BreakerName) -> Bool {
        if let name, other != name { return false }
        return scope.contains(other) && other.value.hasPrefix(requestedPrefix)
    }

    /// A prefix of every admitted name.
    var prefix: String {
        let common = scope.commonPrefix
        return name?.value ?? (common.utf8.count > requestedPrefix.utf8.count ? common : requestedPrefix)
    }

    /// Whether every name from `first` to `last` is certainly admitted.
    func admitsAll(from first: BreakerName, to last: BreakerName) -> Bool {
        name == nil && scope.containsAll(from: first, to: last)
            && NameScope(prefix: requestedPrefix).containsAll(from: first, to: last)
    }
}
