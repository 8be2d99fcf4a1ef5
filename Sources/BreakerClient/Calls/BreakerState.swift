/// The state of a breaker.
public enum BreakerState: String, Hashable, Sendable, CaseIterable {
    /// Calls go through.
    case closed
    /// No call goes through.
    case open
    /// Probes go through, one at a time unless the policy allows more.
    case halfOpen = "half_open"
}
