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
