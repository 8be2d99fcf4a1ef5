import BreakerCore

/// Whether a call may go through, where that was decided, and the permit that the call's report carries back.
public struct CallDecision: Sendable {
    /// Where a call was decided.
    public enum Source: String, Hashable, Sendable, CaseIterable {
        /// In this process, from the server's stream, which is at most ``Fusebox/Configuration/maxStaleness`` old.
        case local
        /// At the server.
        case server
        /// The server was unreachable or gave no decision: ``Fusebox/Configuration/unreachable`` decided.
        case fallback
    }

    /// Whether the call may go through.
    public internal(set) var isAllowed: Bool
    public internal(set) var source: Source
    /// The breaker's state, as far as ``source-swift.property`` knows it.
    public internal(set) var state: BreakerState
    /// Whether the breaker would have denied the call if it were not in shadow.
    public internal(set) var wouldDeny = false

    /// Nanoseconds; negative if only an operator can end the denial.
    var retryAfterNs: Int64 = -1
    var permit = CallPermit.none
    /// The permit of the stand-in breaker; `nil` if none decided.
    var standInPermit: Permit?
    /// How long a probe's permit is leased, in milliseconds; negative if the call is not a probe.
    var leaseMs: Int64 = -1
    /// The running call under the same breaker that this call is part of, which reports for both; `nil` if there is
    /// none.
    var outer: RunningCall?

    init(isAllowed: Bool, source: Source, state: BreakerState) {
        self.isAllowed = isAllowed
        self.source = source
        self.state = state
    }

    /// How long to wait before asking again; `nil` for an allowed call, and if only an operator can end the denial.
    public var retryAfter: Duration? {
        isAllowed || retryAfterNs < 0 ? nil : .nanoseconds(retryAfterNs)
    }

    /// How long a probe may take, counted from the acquire. After that the breaker lets another probe through, and the
    /// report of this one changes nothing. `nil` for any other call.
    public var lease: Duration? { isProbe ? .milliseconds(leaseMs) : nil }

    /// Whether the permit is leased: the probe occupies a slot until it is reported or its lease ends.
    var isProbe: Bool { leaseMs >= 0 }
}

/// A permit in the form that the server reads.
enum CallPermit: Hashable, Sendable {
    case none
    /// The permit of a breaker in this generation. Its text is made only when the call is reported.
    case generation(Int64)
    /// The text that the server sent.
    case written(String)

    var text: String? {
        switch self {
        case .none: nil
        case .generation(let generation): String(generation)
        case .written(let text): text
        }
    }
}

/// The state of a breaker.
public enum BreakerState: String, Hashable, Sendable, CaseIterable {
    /// Calls go through.
    case closed
    /// No call goes through.
    case open
    /// Probes go through, one at a time unless the policy allows more.
    case halfOpen = "half_open"
}

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
