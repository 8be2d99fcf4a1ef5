extension Breaker {
    /// Describes a trip in a sentence: "5 consecutive failures; the last: timeout from checkout-7".
    func detail(of cause: Cause, streak: UInt32, counts: Counts) -> String {
        switch cause {
        case .failureThreshold:
            "\(inWords(streak, "consecutive failure")); the last: \(lastFailureInWords)"
        case .failureCountThreshold:
            "\(inWords(counts.failures, "failure")) in \(windowInWords); the last: \(lastFailureInWords)"
        case .failureRateThreshold:
            "\(counts.failures) of \(inWords(counts.calls, "call")) failed in \(windowInWords)"
                + " (\(inPercent(counts.failureRate ?? 0)) %); the last: \(lastFailureInWords)"
        case .slowCallRateThreshold:
            "\(counts.slow) of \(inWords(counts.calls, "call")) took \(inWords(ms: policy.slowCallMs ?? 0))"
                + " or longer in \(windowInWords) (\(inPercent(counts.slowRate ?? 0)) %)"
        case .recoveryTimeout, .probeFailed, .probesSucceeded, .reset, .overrideSet, .overrideCleared,
            .overrideExpired:
            preconditionFailure("\(cause) is not a rule")
        }
    }

    private var lastFailureInWords: String { lastFailure?.inWords ?? "a failure" }

    private var windowInWords: String {
        switch policy.window {
        case .time(let ms): "the last \(inWords(ms: ms))"
        case .calls(1): "the last call"
        case .calls(let calls): "the last \(calls) calls"
        }
    }
}

extension Failure {
    /// The kind and the reporter, as far as they were reported: "timeout from checkout-7".
    var inWords: String {
        let kind = kind ?? "a failure"
        guard let reporter else { return kind }
        return "\(kind) from \(reporter)"
    }
}

extension Rule {
    /// The number that caused a trip, parsed from the sentence in which ``Breaker`` described the trip: "5 consecutive
    /// failures" is 5, "6 of 10 calls failed" is 0.6.
    /// - Returns: `nil` for any other sentence.
    func observed(in detail: String) -> Double? {
        let words = detail.split(separator: " ", maxSplits: 3)
        guard let count = words.first.flatMap({ Double($0) }) else { return nil }
        guard isRate else { return count }
        guard words.count > 2, words[1] == "of", let calls = Double(words[2]), calls > 0 else { return nil }
        return count / calls
    }
}

/// A count with its noun: "1 failure", "5 failures".
private func inWords(_ count: UInt32, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}

/// A share in per cent, rounded to a whole number.
private func inPercent(_ rate: Double) -> Int {
    Int((rate * 100).rounded())
}

/// A duration in the largest unit that leaves at most one decimal: "850 ms", "1.5 s", "10 min", "24 h".
func inWords(ms: Int64) -> String {
    for (unit, length) in [("h", Int64(3_600_000)), ("min", 60_000), ("s", 1_000)] where ms >= length {
        guard ms % (length / 10) == 0 else { continue }
        let tenths = ms / (length / 10)
        return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(ms) ms"
}
