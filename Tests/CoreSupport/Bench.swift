package import BreakerCore
import TestSupport

extension Instant {
    /// The instant at which every bench begins.
    package static let start = Instant(milliseconds: 1_700_000_000_000)
}

/// A breaker whose clock, revisions and lease ids the test controls.
package struct Bench: Sendable {
    package var breaker: Breaker
    /// Other breakers have taken six revisions, so that this breaker's first generation is 7.
    package var journal = Journal(revision: 6)
    package var now = Instant.start
    private var random = SplitMix64(seed: 1)

    /// A closed breaker with the default policy, changed by `edit`.
    package init(_ edit: (inout Policy) -> Void = { _ in }) {
        let policy = Policy.with(edit)
        breaker = Breaker(creating: Self.name, policy: policy, source: .builtIn, at: now, journal: &journal)
    }

    package static let name = BreakerName("payments:charge")!

    /// A breaker that tripped at this instant.
    package static func open(_ edit: (inout Policy) -> Void = { _ in }) -> Bench {
        var bench = Bench(edit)
        bench.trip()
        return bench
    }

    /// A breaker that became half open at this instant, by its recovery timeout.
    package static func halfOpen(_ edit: (inout Policy) -> Void = { _ in }) -> Bench {
        var bench = Bench.open(edit)
        bench.recover()
        return bench
    }

    package static func `in`(_ state: State, _ edit: (inout Policy) -> Void = { _ in }) -> Bench {
        switch state {
        case .closed: Bench(edit)
        case .open: .open(edit)
        case .halfOpen: .halfOpen(edit)
        }
    }

    package var transitions: [Transition] {
        journal.changes.compactMap { if case .transition(let transition) = $0.kind { transition } else { nil } }
    }

    package var failures: [Failure] { journal.failures.map(\.failure) }

    /// The counts of the window at this instant.
    package var counts: Counts { breaker.counts(at: now) }

    /// How long the breaker stays open, in milliseconds from when it opened; `nil` if it has no end.
    package var openMs: Int? { breaker.openUntil.map { Int(breaker.since.milliseconds(until: $0)) } }
}

// MARK: Events

extension Bench {
    package mutating func wait(_ milliseconds: Int) {
        now = now.advanced(byMilliseconds: Int64(milliseconds))
    }

    package mutating func advance() {
        breaker.advance(to: now, journal: &journal)
    }

    @discardableResult
    package mutating func acquire() -> Decision {
        breaker.acquire(at: now, journal: &journal, random: &random)
    }

    package mutating func acquireWithoutProbe() -> Decision {
        breaker.acquireWithoutProbe(at: now, journal: &journal)
    }

    @discardableResult
    package mutating func report(_ report: Report) -> ReportAnswer {
        breaker.report(report, at: now, journal: &journal)
    }

    @discardableResult
    package mutating func report(
        _ outcome: Outcome,
        permit: Permit? = nil,
        durationMs: Int? = nil,
        ageMs: Int64 = 0,
        count: Int = 1
    ) -> ReportAnswer {
        let durationMs = durationMs.map { Int64($0) }
        return report(Report(outcome, permit: permit, durationMs: durationMs, ageMs: ageMs, count: count))
    }

    package mutating func setOverride(_ mode: Override.Mode, expiresInMs: Int? = nil) {
        let expiresInMs = expiresInMs.map { Int64($0) }
        breaker.setOverride(
            mode,
            reason: "drill",
            actor: "alice",
            expiresInMs: expiresInMs,
            at: now,
            journal: &journal
        )
    }

    package mutating func clearOverride() {
        breaker.clearOverride(actor: "bob", at: now, journal: &journal)
    }

    package mutating func reset(to target: Breaker.ResetTarget = .closed) throws(Breaker.Forced) {
        try breaker.reset(to: target, actor: "carol", at: now, journal: &journal)
    }

    package mutating func changePolicy(_ edit: (inout Policy) -> Void) {
        var policy = breaker.policy
        edit(&policy)
        breaker.changePolicy(to: policy, source: .api, actor: "dave", at: now, journal: &journal)
    }
}

// MARK: Sequences of events

extension Bench {
    /// Reports failures until the breaker opens.
    package mutating func trip() {
        for _ in 0..<10_000 where breaker.state == .closed { report(.failure) }
        precondition(breaker.state == .open, "10000 failures did not trip \(breaker.policy)")
    }

    /// Waits until the recovery timeout has passed.
    package mutating func recover() {
        guard let openUntil = breaker.openUntil else { preconditionFailure("no recovery timeout runs") }
        now = openUntil
        advance()
    }

    /// Lets a probe through and reports its outcome.
    @discardableResult
    package mutating func probe(_ outcome: Outcome, durationMs: Int? = nil) -> ReportAnswer {
        guard let permit = acquire().permit else { preconditionFailure("no probe is granted") }
        return report(outcome, permit: permit, durationMs: durationMs)
    }

    /// Reports one call for each letter: `s` success, `f` failure, in upper case a slow one, `i` ignored.
    ///
    /// - Returns: The number of the call that tripped the breaker, counted from 1; `nil` if none did.
    @discardableResult
    package mutating func play(_ calls: String) -> Int? {
        for (index, call) in calls.enumerated() {
            let outcome: Outcome = call == "i" ? .ignored : call.lowercased() == "f" ? .failure : .success
            report(outcome, durationMs: call.isUppercase ? Self.slowMs : Self.slowMs - 1)
            if breaker.state == .open { return index + 1 }
        }
        return nil
    }

    /// The duration of a slow call in ``play(_:)``, in milliseconds.
    package static let slowMs = 100
}

extension Policy {
    package static func with(_ edit: (inout Policy) -> Void) -> Policy {
        var policy = Policy()
        edit(&policy)
        return policy
    }
}

extension Decision {
    package var permit: Permit? { if case .allowed(let permit, _, _, _) = self { permit } else { nil } }
    /// The permit of a probe.
    package var probe: Permit? { permit.flatMap { $0.lease == nil ? nil : $0 } }
    package var retryAfterMs: Int? {
        if case .denied(_, _, let milliseconds?) = self { Int(milliseconds) } else { nil }
    }
    package var isDenied: Bool { if case .denied = self { true } else { false } }
}

extension FailureSummary {
    /// The kind, the reporter and the number of failures of a row.
    package typealias Row = (kind: String?, reporter: String?, count: Int)

    package static func of(_ rows: [Row]) -> FailureSummary {
        FailureSummary(
            of: rows.enumerated().map { number, row in
                Failure(
                    number: Int64(number),
                    at: Instant(milliseconds: 0),
                    kind: row.kind,
                    detail: nil,
                    reporter: row.reporter,
                    durationMs: nil,
                    count: row.count
                )
            }
        )
    }
}
