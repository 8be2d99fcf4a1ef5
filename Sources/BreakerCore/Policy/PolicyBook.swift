/// The policies in the server's configuration, by breaker name.
package struct PolicyBook: Hashable, Sendable {
    /// The policy of names that match no other entry.
    package var `default`: Policy
    /// The profiles, the most specific first.
    package private(set) var profiles: [Profile]
    /// The breakers that the configuration names. They exist from the start.
    package var breakers: [BreakerName: Policy]

    package init(default: Policy = Policy(), profiles: [Profile] = [], breakers: [BreakerName: Policy] = [:]) {
        self.default = `default`
        self.profiles = profiles.sorted { $0.pattern.isMoreSpecific(than: $1.pattern) }
        self.breakers = breakers
    }

    package func policy(for name: BreakerName) -> (policy: Policy, source: PolicySource) {
        if let policy = breakers[name] { return (policy, .config) }
        if let profile = profiles.first(where: { $0.pattern.matches(name) }) {
            return (profile.policy, .profile(profile.pattern.text))
        }
        return (`default`, .builtIn)
    }
}

/// A policy for all names that match a pattern.
package struct Profile: Hashable, Sendable {
    package var pattern: NamePattern
    package var policy: Policy

    package init(pattern: NamePattern, policy: Policy) {
        self.pattern = pattern
        self.policy = policy
    }
}

/// The source of a breaker's policy.
package enum PolicySource: Hashable, Sendable, CustomStringConvertible {
    case builtIn
    /// The profile of the server's configuration with this pattern.
    case profile(String)
    /// The breaker's own entry in the server's configuration.
    case config
    case api

    package init?(_ text: String) {
        switch text {
        case "default": self = .builtIn
        case "config": self = .config
        case "api": self = .api
        default:
            guard text.hasPrefix(Self.profilePrefix) else { return nil }
            self = .profile(String(text.dropFirst(Self.profilePrefix.count)))
        }
    }

    package var description: String {
        switch self {
        case .builtIn: "default"
        case .profile(let pattern): Self.profilePrefix + pattern
        case .config: "config"
        case .api: "api"
        }
    }

    private static let profilePrefix = "profile:"
}
