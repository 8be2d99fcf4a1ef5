import BreakerCore
import CoreSupport
import TestSupport

extension Trial {
    /// Requires that an advance in two steps equals an advance in one, and that a second advance changes nothing.
    mutating func wait(_ milliseconds: Int) throws(Violation) {
        var direct = bench
        direct.wait(milliseconds)
        direct.advance()
        var stepwise = bench
        let first = random.below(milliseconds + 1)
        stepwise.wait(first)
        stepwise.advance()
        stepwise.wait(milliseconds - first)
        stepwise.advance()
        try require(stepwise.breaker == direct.breaker, "advancing by \(first) ms on the way leads elsewhere")
        try require(stepwise.journal.changes == direct.journal.changes, "advancing in two steps records otherwise")
        stepwise.advance()
        try require(stepwise.breaker == direct.breaker, "advancing again changes something")
        try require(stepwise.journal.revision == direct.journal.revision, "advancing again takes a revision")
        bench.wait(milliseconds)
        if random.below(2) == 0 { bench = direct }
    }

    private var advanced: Bench {
        var advanced = bench
        advanced.advance()
        return advanced
    }

    private func requireUnchanged(since advanced: Bench, _ event: String) throws(Violation) {
        try require(bench.breaker == advanced.breaker, "\(event) changes something")
        try require(bench.journal.revision == advanced.journal.revision, "\(event) takes a revision")
        try require(bench.journal.failures.count == advanced.journal.failures.count, "\(event) makes a row")
    }

    mutating func acquire() throws(Violation) {
        let advanced = advanced
        let isFree =
            advanced.breaker.state == .halfOpen
            && advanced.breaker.leases.count < advanced.breaker.policy.halfOpenProbes
        let decision = bench.acquire()
        permits += decision.permit.map { [$0] } ?? []
        try require((decision.probe != nil) == isFree, "a free slot is \(isFree), and the answer \(decision)")
        try require(
            advanced.breaker.preparedAnswer.decision(at: bench.now) == (isFree ? nil : decision),
            "the prepared answer differs"
        )
        if case .denied(_, let generation, _) = decision {
            try require(generation == bench.breaker.generation, "\(decision) has another generation")
        }
        guard let probe = decision.probe else { return try requireUnchanged(since: advanced, "\(decision)") }
        let until = bench.now.advanced(byMilliseconds: bench.breaker.policy.probeLeaseMs)
        let leases = advanced.breaker.leases + [Breaker.Lease(id: probe.lease!, until: until)]
        try require(bench.breaker.leases == leases, "the leases are not those before and \(probe)")
        try require(bench.journal.revision == advanced.journal.revision, "a probe takes a revision")
    }

    mutating func report(_ report: Report) throws(Violation) {
        let advanced = advanced
        recount.follow(advanced.breaker)
        let answer = bench.report(report)
        try require(answer.state == bench.breaker.state, "\(answer) has another state")
        try require(answer.generation == bench.breaker.generation, "\(answer) has another generation")
        guard answer.applied else {
            try require(answer.counted == 0, "\(answer) counted some")
            refusals.insert(answer.refusal!)
            try requireTooOld(report, answer.refusal == .tooOld, advanced)
            return try requireUnchanged(since: advanced, "\(answer)")
        }
        try requireTooOld(report, false, advanced)
        let isLastFailure =
            advanced.breaker.state == .halfOpen
            || !recount.calls.contains { $0.failed && $0.at > report.instant(at: bench.now) }
        let (counted, cause) = try expected(of: report, advanced)
        try require(answer.counted == counted, "\(answer) should have counted \(counted)")
        let transitions = bench.transitions.dropFirst(advanced.transitions.count)
        try require(transitions.map(\.cause) == (cause.map { [$0] } ?? []), "\(report) should cause \(cause as Any)")
        let fails = report.outcome == .failure || cause == .probeFailed
        let rows = bench.failures.dropFirst(advanced.failures.count)
        try require(rows.map(\.count) == (fails ? [counted] : []), "\(report) makes \(rows)")
        try require(rows.allSatisfy { $0.at == report.instant(at: bench.now) }, "\(rows) are not dated by \(report)")
        if fails, isLastFailure { lastFailure = bench.breaker.failureRows }
        try require(
            bench.breaker.lastFailure?.number == lastFailure,
            "\(lastFailure as Any) should be the last failure"
        )
        guard bench.breaker.state == .open, let until = bench.breaker.openUntil else { return }
        let openMs = recount.open(advanced.breaker, at: bench.now)
        try require(bench.now.milliseconds(until: until) == openMs, "open should last \(openMs) ms")
    }

    /// - Parameter isRefused: Whether the report was refused as too old. A report that was refused for another reason
    ///   may be too old as well.
    private func requireTooOld(_ report: Report, _ isRefused: Bool, _ advanced: Bench) throws(Violation) {
        let breaker = advanced.breaker
        guard breaker.state == .closed, report.permit.map({ $0 == Permit(generation: breaker.generation) }) ?? true
        else { return try require(!isRefused, "\(report) is too old for a breaker that would not count it") }
        let isTooOld = recount.isTooOld(report, at: bench.now, policy: breaker.policy)
        try require(isTooOld == isRefused, "\(report) is too old: \(isTooOld)")
    }

    /// The expected count of an applied report, and the cause of the transition that it leads to.
    private mutating func expected(of report: Report, _ advanced: Bench) throws(Violation) -> (Int, Cause?) {
        let breaker = advanced.breaker
        switch breaker.state {
        case .closed: return recount.add(report, to: breaker, at: bench.now)
        case .open: throw Violation(what: "\(report) is applied while open")
        case .halfOpen:
            let leases = breaker.leases.filter { $0.id != report.permit?.lease }
            try require(leases.count == breaker.leases.count - 1, "\(report) has no live lease")
            let isSlow = breaker.policy.slowCallRateThreshold != nil && recount.isSlow(report, policy: breaker.policy)
            switch report.outcome {
            case .failure: return (1, .probeFailed)
            case .success where isSlow: return (1, .probeFailed)
            case .success where Int(breaker.probeSuccesses) + 1 >= breaker.policy.successThreshold:
                return (1, .probesSucceeded)
            case .success, .ignored:
                let successes = breaker.probeSuccesses + (report.outcome == .success ? 1 : 0)
                try require(bench.breaker.leases == leases, "the leases are not those before but \(report)'s")
                try require(bench.breaker.probeSuccesses == successes, "there should be \(successes) successes")
                return (1, nil)
            }
        }
    }

    /// A random instant from `now` on and before `until`.
    mutating func sample(until: Instant) -> Instant {
        let length = min(bench.now.milliseconds(until: until), 100_000)
        guard length > 1, random.below(3) > 0 else { return bench.now }
        return bench.now.advanced(byMilliseconds: random.below(2) == 0 ? length - 1 : Int64(random.below(Int(length))))
    }
}
