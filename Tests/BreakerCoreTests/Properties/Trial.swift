import BreakerCore
import CoreSupport
import TestSupport

/// An invariant that a breaker violated.
struct Violation: Error {
    var what: String
}

/// Plays a sequence of events on a breaker and checks the breaker at every event.
struct Trial {
    var bench: Bench
    var recount: Recount
    var permits: [Permit] = []
    /// The number of the failure that ended last.
    var lastFailure: Int64?
    /// The refusals of the sequence's reports.
    var refusals: Set<ReportAnswer.Refusal> = []
    var random: SplitMix64

    private init(_ sequence: EventSequence) {
        bench = Bench { $0 = sequence.policy }
        recount = Recount(of: bench.breaker)
        random = SplitMix64(seed: ~sequence.seed)
    }

    @discardableResult
    static func run(_ sequence: EventSequence) throws(Violation) -> Trial {
        var trial = Trial(sequence)
        for step in sequence.steps {
            let before = trial.bench
            try trial.take(step)
            try trial.watch(before)
        }
        return trial
    }

    private mutating func take(_ step: EventSequence.Step) throws(Violation) {
        switch step {
        case .wait(let milliseconds): try wait(milliseconds)
        case .waitUntilDue(let offsetMs):
            guard let due = bench.breaker.nextDue else { return }
            try wait(max(0, Int(bench.now.milliseconds(until: due)) + offsetMs))
        case .clockFallsBack(let milliseconds):
            bench.wait(-milliseconds)
            bench.breaker.shift(byMilliseconds: -Int64(milliseconds))
            recount.shift(byMilliseconds: -Int64(milliseconds))
        case .acquire: try acquire()
        case .report(let outcome, let carried, let durationMs, let ageMs, let count):
            let permit = permit(carried)
            let report = Report(
                outcome,
                permit: permit,
                durationMs: durationMs.map { Int64($0) },
                ageMs: Int64(ageMs),
                count: permit?.lease == nil ? count : 1
            )
            try self.report(report)
        case .setOverride(let mode, let expiresInMs): bench.setOverride(mode, expiresInMs: expiresInMs)
        case .clearOverride: bench.clearOverride()
        case .reset(let target): if (try? bench.reset(to: target)) != nil { recount.forgetOpenings() }
        case .changePolicy(let policy):
            bench.advance()
            recount.follow(bench.breaker)
            let old = bench.breaker.policy
            if policy.window != old.window || policy.slowCallMs != old.slowCallMs { recount.emptyWindow() }
            bench.changePolicy { $0 = policy }
        }
    }

    private func permit(_ carried: EventSequence.Carried) -> Permit? {
        let generation = bench.breaker.generation
        return switch carried {
        case .nothing: nil
        case .bareOfThisGeneration: Permit(generation: generation)
        case .leaseInFlight: bench.breaker.leases.first.map { Permit(generation: generation, lease: $0.id) }
        case .earlier(let index): permits.isEmpty ? nil : permits[index % permits.count]
        }
    }

    func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(Violation) {
        guard !condition else { return }
        throw Violation(what: "\(what()); \(bench.breaker) at \(bench.now)")
    }
}
