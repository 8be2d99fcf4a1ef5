package import BreakerCore

extension Transition {
    /// A description for people: "5 consecutive failures; the last: timeout from checkout-7".
    package var detail: String {
        if let sentence = evidence.sentence { return sentence }
        switch cause {
        case .failureThreshold: return "\(Phrase.counted(observed, "consecutive failure")); the last: \(lastFailure)"
        case .failureCountThreshold:
            return "\(Phrase.counted(observed, "failure")) in \(window); the last: \(lastFailure)"
        case .failureRateThreshold: return "\(share("failed")); the last: \(lastFailure)"
        case .slowCallRateThreshold:
            return share("took \(LengthText.exact(ms: evidence.slowCallMs ?? 0)) or longer")
        case .recoveryTimeout:
            return "the recovery timeout of \(LengthText.exact(ms: evidence.openMs ?? 0)) has passed"
        case .probeFailed:
            let hasOrigin = evidence.failureKind != nil || evidence.failureReporter != nil
            return "a probe failed" + (hasOrigin ? ": \(lastFailure)" : "")
        case .probesSucceeded: return "\(Phrase.counted(observed, "probe")) succeeded"
        case .reset: return "reset to \(to == .closed ? "closed" : "half open") by \(actor ?? "")"
        case .overrideSet: return beginning
        case .overrideCleared: return "\(ended) was cleared by \(actor ?? "")"
        case .overrideExpired: return "\(ended) expired"
        }
    }

    private var observed: Int { Int(evidence.observed ?? 0) }

    /// The kind and the reporter of the last failure, as far as they were reported: "timeout from checkout-7".
    private var lastFailure: String {
        let kind = evidence.failureKind ?? "a failure"
        guard let reporter = evidence.failureReporter else { return kind }
        return "\(kind) from \(reporter)"
    }

    private var window: String {
        switch evidence.window {
        case .time(let ms)?: "the last \(LengthText.exact(ms: ms))"
        case .calls(1)?: "the last call"
        case .calls(let calls)?: "the last \(calls) calls"
        case nil: "the window"
        }
    }

    /// "6 of 10 calls failed in the last 1 min (60 %)".
    private func share(_ happened: String) -> String {
        let (share, calls) = (evidence.observed ?? 0, Int(evidence.calls ?? 0))
        let some = Int((share * Double(calls)).rounded())
        return "\(some) of \(Phrase.counted(calls, "call")) \(happened) in \(window)"
            + " (\(Int((share * 100).rounded())) %)"
    }

    /// "forced open for 1 h by alice: drill".
    private var beginning: String {
        guard let override = evidence.override else { return "" }
        let what =
            switch override.mode {
            case .forceOpen: "forced open"
            case .forceClosed: "forced closed"
            case .shadow: "put in shadow"
            }
        let length = override.expiresAt.map { " for \(LengthText.exact(ms: override.since.milliseconds(until: $0)))" }
        return "\(what)\(length ?? "") by \(override.actor): \(override.reason)"
    }

    /// "force_open of alice".
    private var ended: String {
        evidence.override.map { "\($0.mode.rawValue) of \($0.actor)" } ?? ""
    }
}
