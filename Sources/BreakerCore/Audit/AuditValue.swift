/// The changed part of a breaker, before or after an operator's order.
package enum AuditValue: Hashable, Sendable {
    case policy(Policy, source: PolicySource)
    case override(Override)
    case state(State, generation: Int64)
    /// Everything that a deletion removed.
    case breaker(state: State, generation: Int64, policy: Policy, source: PolicySource, override: Override?)
}
