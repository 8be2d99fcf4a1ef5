/// The error of a call that the breaker denied. The call was not made.
public struct BreakerOpen: Error, Hashable, Sendable, CustomStringConvertible {
    /// The breaker's name.
    public var breaker: String
    /// `open`, or `half_open` while a probe is in progress.
    public var state: BreakerState
    /// How long to wait before asking again; `nil` if only an operator can end the denial.
    public var retryAfter: Duration?
    /// Where the call was denied: in this process, at the server, or by the fallback.
    public var source: CallDecision.Source

    public init(breaker: String, state: BreakerState, retryAfter: Duration?, source: CallDecision.Source) {
        self.breaker = breaker
        self.state = state
        self.retryAfter = retryAfter
        self.source = source
    }

    init(_ decision: CallDecision, of breaker: String) {
        self.init(
            breaker: breaker,
            state: decision.state,
            retryAfter: decision.retryAfter,
            source: decision.source
        )
    }

    /// ``retryAfter`` in whole seconds, rounded up, as for a `Retry-After` header.
    public var retryAfterSeconds: Int64? {
        retryAfter.map { retryAfter in
            let (seconds, attoseconds) = retryAfter.components
            return seconds + (attoseconds > 0 ? 1 : 0)
        }
    }

    public var description: String {
        let end = retryAfterSeconds.map { "retry in \($0) s" } ?? "no retry until an operator ends this"
        return "\(breaker) is \(state == .halfOpen ? "half open" : state.rawValue); \(end)"
    }
}
