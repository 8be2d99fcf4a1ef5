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
