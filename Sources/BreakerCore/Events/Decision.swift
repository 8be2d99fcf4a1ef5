/// The answer to an acquire.
package enum Decision: Hashable, Sendable {
    /// The call may go through.
    /// - `leaseMs`: how long the permit of a probe stays valid, in milliseconds; `nil` for any other permit.
    /// - `wouldDeny`: the breaker would deny, were it not in shadow.
    case allowed(Permit, state: State, leaseMs: Int64? = nil, wouldDeny: Bool = false)
    /// The call may not go through.
    /// - `generation`: the breaker's, so that a client can tell this answer from an earlier or a later one.
    /// - `retryAfterMs`: milliseconds until asking again may help; `nil` where only an operator ends it.
    case denied(state: State, generation: Int64, retryAfterMs: Int64?)
}
