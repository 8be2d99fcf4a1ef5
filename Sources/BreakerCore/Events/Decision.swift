/// The answer to an acquire.
package enum Decision: Hashable, Sendable {
    /// The call may go through.
    /// - `leaseMs`: how long the permit of a probe stays valid, in milliseconds; `nil` for any other permit.
    /// - `wouldDeny`: whether the breaker would deny the call if it were not in shadow.
    case allowed(Permit, state: State, leaseMs: Int64? = nil, wouldDeny: Bool = false)
    /// The call may not go through.
    /// - `generation`: the breaker's generation, so that a client can order this answer before or after others.
    /// - `retryAfterMs`: milliseconds until another acquire may be allowed; `nil` if only an operator can end this.
    case denied(state: State, generation: Int64, retryAfterMs: Int64?)
}
