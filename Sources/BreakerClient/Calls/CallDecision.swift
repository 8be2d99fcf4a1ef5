import BreakerCore

/// Whether a call may go through, who decided, and what the report of the call carries back.
public struct CallDecision: Sendable {
    /// Who decided.
    public enum Source: String, Hashable, Sendable, CaseIterable {
        /// This process, by what the server's stream told it at most ``Fusebox/Configuration/maxStaleness`` ago.
        case local
        /// The server was asked.
        case server
        /// The server was away, or gave no decision: ``Fusebox/Configuration/unreachable`` decided.
        case fallback
    }

    /// Whether the call may go through.
    public internal(set) var isAllowed: Bool
    public internal(set) var source: Source
    /// Where the breaker stands, as far as who decided knows.
    public internal(set) var state: BreakerState
    /// The breaker would have denied, were it not in shadow.
    public internal(set) var wouldDeny = false

    /// Nanoseconds; negative where only an operator ends it.
    var retryAfterNs: Int64 = -1
    var permit = Pass.none
    /// The permit of the breaker that stands in for the server's; `nil` where none does.
    var standInPermit: Permit?
    /// How long the permit of a probe is leased, in milliseconds; negative where it is none.
    var leaseMs: Int64 = -1
    /// The call under the same breaker that this one is part of, and that reports for both; `nil` where there is none.
    var outer: RunningCall?

    init(isAllowed: Bool, source: Source, state: BreakerState) {
        self.isAllowed = isAllowed
        self.source = source
        self.state = state
    }

    /// When asking again may help; `nil` for an allowed call, and where only an operator ends it.
    public var retryAfter: Duration? {
        isAllowed || retryAfterNs < 0 ? nil : .nanoseconds(retryAfterNs)
    }

    /// Of a probe, how long it may take, counted from when it was asked for: behind that another one is let through, and
    /// what this one reports changes nothing. `nil` for any other call.
    public var lease: Duration? { isProbe ? .milliseconds(leaseMs) : nil }

    /// Whether the permit is leased: its slot is taken until it is reported, or its lease ends.
    var isProbe: Bool { leaseMs >= 0 }
}

/// A permit as the server knows it.
enum Pass: Hashable, Sendable {
    case none
    /// That of a breaker in this generation, which need not be written down before it is reported.
    case generation(Int64)
    /// As the server wrote it.
    case written(String)

    var text: String? {
        switch self {
        case .none: nil
        case .generation(let generation): String(generation)
        case .written(let text): text
        }
    }
}
