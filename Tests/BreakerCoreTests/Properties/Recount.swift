import BreakerCore

/// A model that computes a breaker's counts, streak and trips from a plain list of its calls, as the design defines
/// them.
struct Recount {
    struct Call {
        var at: Instant
        var failed: Bool
        var slow: Bool
        /// Whether the call ended recently enough to evaluate the rules.
        var isCurrent: Bool
    }

    private var generation: Int64
    private var since: Instant
    /// All calls of the present generation, in the order in which they were reported.
    private(set) var calls: [Call] = []
    private(set) var streak = 0
    /// How many of ``calls`` were reported before the window was last emptied.
    private var emptied = 0
    /// The number of openings in a row, and the full length of the last one.
    private var openings = 0
    private var lastOpenMs: Int64 = 0

    init(of breaker: Breaker) {
        generation = breaker.generation
        since = breaker.since
    }

    /// Forgets all calls if the breaker has begun another generation.
    mutating func follow(_ breaker: Breaker) {
        guard breaker.generation != generation else { return }
        generation = breaker.generation
        since = breaker.since
        calls = []
        streak = 0
        emptied = 0
    }

    mutating func shift(byMilliseconds milliseconds: Int64) {
        since = since.advanced(byMilliseconds: milliseconds)
        for index in calls.indices { calls[index].at = calls[index].at.advanced(byMilliseconds: milliseconds) }
    }

    mutating func emptyWindow() { emptied = calls.count }

    mutating func forgetOpenings() { openings = 0 }

    /// Whether the call of a report to a closed breaker ended before the generation or the time window began.
    func isTooOld(_ report: Report, at now: Instant, policy: Policy) -> Bool {
        let ended = report.instant(at: now)
        if report.ageMs > 0, ended < since { return true }
        guard case .time(let windowMs) = policy.window else { return false }
        return bucket(now, windowMs) - bucket(ended, windowMs) >= 60
    }

    private func bucket(_ instant: Instant, _ windowMs: Int64) -> Int64 {
        since.milliseconds(until: instant) * 60 / windowMs
    }

    func counts(at now: Instant, policy: Policy) -> Counts {
        var counted = Array(calls[emptied...])
        switch policy.window {
        case .calls(let calls): counted = counted.filter(\.isCurrent).suffix(calls)
        case .time(let windowMs):
            counted.removeAll { bucket(now, windowMs) - bucket($0.at, windowMs) >= 60 }
        }
        return Counts(
            calls: UInt32(counted.count),
            failures: UInt32(counted.count(where: \.failed)),
            slow: UInt32(counted.count(where: \.slow))
        )
    }

    /// Counts the outcomes of an applied report of a closed breaker.
    ///
    /// - Returns: The number of outcomes up to the one that trips, and the cause of the trip.
    mutating func add(_ report: Report, to breaker: Breaker, at now: Instant) -> (counted: Int, cause: Cause?) {
        guard report.outcome != .ignored else { return (report.count, nil) }
        let call = Call(
            at: report.instant(at: now),
            failed: report.outcome == .failure,
            slow: isSlow(report, policy: breaker.policy),
            isCurrent: report.ageMs <= 5_000
        )
        for number in 1...report.count {
            if call.isCurrent, !calls.contains(where: { $0.failed != call.failed && $0.at > call.at }) {
                streak = call.failed ? streak + 1 : 0
            }
            calls.append(call)
            if call.isCurrent, breaker.override?.mode != .forceClosed,
                let cause = cause(at: now, policy: breaker.policy)
            {
                return (number, cause)
            }
        }
        return (report.count, nil)
    }

    func isSlow(_ report: Report, policy: Policy) -> Bool {
        guard let durationMs = report.durationMs, let slowCallMs = policy.slowCallMs else { return false }
        return durationMs >= slowCallMs
    }

    private func cause(at now: Instant, policy: Policy) -> Cause? {
        let counts = counts(at: now, policy: policy)
        let isEnough = Int(counts.calls) >= policy.minimumCalls
        func share(_ part: UInt32, isAtLeast threshold: Double?) -> Bool {
            threshold.map { isEnough && Double(part) / Double(counts.calls) >= $0 } ?? false
        }
        if streak >= policy.failureThreshold ?? .max { return .failureThreshold }
        if Int(counts.failures) >= policy.failureCountThreshold ?? .max { return .failureCountThreshold }
        if share(counts.failures, isAtLeast: policy.failureRateThreshold) { return .failureRateThreshold }
        if share(counts.slow, isAtLeast: policy.slowCallRateThreshold) { return .slowCallRateThreshold }
        return nil
    }

    /// Counts an opening at `now` of `breaker`, which has not opened yet.
    ///
    /// - Returns: How long the breaker stays open, in milliseconds.
    mutating func open(_ breaker: Breaker, at now: Instant) -> Int64 {
        let closedMs = breaker.since.milliseconds(until: now)
        let follows = openings > 0 && (breaker.state == .halfOpen || closedMs < lastOpenMs)
        openings = follows ? openings + 1 : 1
        let policy = breaker.policy
        let capMs = Double(policy.givenRecoveryTimeoutMaxMs ?? max(600_000, policy.recoveryTimeoutMs))
        var openMs = Double(policy.recoveryTimeoutMs)
        for _ in 1..<openings where openMs < capMs { openMs *= policy.recoveryTimeoutMultiplier }
        lastOpenMs = Int64(min(openMs, capMs).rounded())
        return lastOpenMs
    }
}
