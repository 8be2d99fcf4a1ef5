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
