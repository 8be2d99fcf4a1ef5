/// The breaker denied the call, which was not made.
public struct BreakerOpen: Error, Hashable, Sendable, CustomStringConvertible {
    /// The breaker's name.
    public var breaker: String
    /// `open`, or `half_open` while a probe is on its way.
    public var state: BreakerState
    /// When asking again may help; `nil` where only an operator ends it.
    public var retryAfter: Duration?
    /// Who denied.
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

    /// ``retryAfter`` in whole seconds, rounded up, as a `Retry-After` header has it.
    public var retryAfterSeconds: Int64? {
        retryAfter.map { retryAfter in
            let (seconds, attoseconds) = retryAfter.components
            return seconds + (attoseconds > 0 ? 1 : 0)
        }
    }

    public var description: String {
        let end = retryAfterSeconds.map { "retry in \($0) s" } ?? "until an operator ends it"
        return "\(breaker) is \(state == .halfOpen ? "half open" : state.rawValue); \(end)"
    }
}
