/// Which policy a name gets from the server's configuration.
package struct PolicyBook: Hashable, Sendable {
    /// For names that nothing else speaks of.
    package var `default`: Policy
    /// The most specific first.
    package private(set) var profiles: [Profile]
    /// Breakers that the configuration names, and that exist from the start.
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
