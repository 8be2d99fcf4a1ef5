import BreakerCore
import CoreSupport
import Testing

@Suite("Reports that are refused")
struct RefusalTests {
    /// The permit that a report carries.
    enum Carried: CaseIterable, Sendable {
        case nothing
        case bareOfThisGeneration
        case bareOfAnother
        case unknownLeaseOfThisGeneration
        case leaseOfAnother

        func permit(of breaker: Breaker) -> Permit? {
            switch self {
            case .nothing: nil
            case .bareOfThisGeneration: Permit(generation: breaker.generation)
            case .bareOfAnother: Permit(generation: breaker.generation - 1)
            case .unknownLeaseOfThisGeneration: Permit(generation: breaker.generation, lease: 5)
            case .leaseOfAnother: Permit(generation: breaker.generation + 1, lease: 5)
            }
        }
    }

    enum Situation: CaseIterable, Sendable {
        case closed, open, halfOpen, halfOpenWithLease, forcedOpen, forcedClosed, openInShadow, halfOpenInShadow

        var bench: Bench {
            var bench: Bench
            switch self {
            case .closed, .forcedOpen, .forcedClosed: bench = Bench()
            case .open, .openInShadow: bench = .open()
            case .halfOpen, .halfOpenWithLease, .halfOpenInShadow: bench = .halfOpen()
            }
            switch self {
            case .closed, .open, .halfOpen: break
            case .halfOpenWithLease: bench.acquire()
            case .forcedOpen: bench.setOverride(.forceOpen)
            case .forcedClosed: bench.setOverride(.forceClosed)
            case .openInShadow, .halfOpenInShadow: bench.setOverride(.shadow)
            }
            return bench
        }
    }

    /// The expected refusals in a situation, in the order of ``Carried``. If several reasons hold at once, the answer
    /// is the first of `forced_open`, `stale_permit`, `lease_expired`, `no_lease`, `open`, `too_old`.
    static func expected(_ situation: Situation) -> [ReportAnswer.Refusal?] {
        switch situation {
        case .closed, .forcedClosed: [nil, nil, .stalePermit, .leaseExpired, .stalePermit]
        case .open, .openInShadow: [.open, .open, .stalePermit, .leaseExpired, .stalePermit]
        case .halfOpen, .halfOpenWithLease, .halfOpenInShadow:
            [.noLease, .noLease, .stalePermit, .leaseExpired, .stalePermit]
        case .forcedOpen: Array(repeating: .forcedOpen, count: 5)
        }
    }

    @Test(
        "The answer to a refused report has the first reason in the order of precedence",
        arguments: Situation.allCases,
        Outcome.allCases
    )
    func precedence(situation: Situation, outcome: Outcome) {
        for (carried, refusal) in zip(Carried.allCases, Self.expected(situation)) {
            var bench = situation.bench
            let permit = carried.permit(of: bench.breaker)
            #expect(bench.report(outcome, permit: permit).refusal == refusal, "\(carried)")
        }
    }

    @Test(
        "A report is refused as too old only if no other reason holds",
        arguments: Situation.allCases,
        Outcome.allCases
    )
    func tooOldIsLast(situation: Situation, outcome: Outcome) {
        for (carried, refusal) in zip(Carried.allCases, Self.expected(situation)) {
            var bench = situation.bench
            let permit = carried.permit(of: bench.breaker)
            let answer = bench.report(outcome, permit: permit, ageMs: 1)
            #expect(answer.refusal == refusal ?? .tooOld, "\(carried)")
        }
    }

    @Test("A refused report changes nothing", arguments: Situation.allCases, Outcome.allCases)
    func changesNothing(situation: Situation, outcome: Outcome) {
        for (carried, refusal) in zip(Carried.allCases, Self.expected(situation)) where refusal != nil {
            var bench = situation.bench
            let before = bench
            let permit = carried.permit(of: bench.breaker)
            let answer = bench.report(outcome, permit: permit, count: permit?.lease == nil ? 3 : 1)
            let (state, generation) = (before.breaker.state, before.breaker.generation)
            #expect(answer == ReportAnswer(counted: 0, refusal: refusal, state: state, generation: generation))
            #expect(bench.breaker == before.breaker, "\(carried)")
            #expect(bench.journal.revision == before.journal.revision)
            #expect(bench.journal.failures == before.journal.failures)
        }
    }

    @Test("The refusals are listed in the order of precedence, with the names of the contract")
    func names() {
        #expect(
            ReportAnswer.Refusal.allCases.map(\.rawValue)
                == ["forced_open", "stale_permit", "lease_expired", "no_lease", "open", "too_old"]
        )
    }

    @Test("A permit of a closed breaker is stale once the breaker has tripped, even after it has closed again")
    func staleAcrossGenerations() {
        var bench = Bench()
        let permit = bench.acquire().permit
        bench.trip()
        #expect(bench.report(.failure, permit: permit).refusal == .stalePermit)
        bench.recover()
        #expect(bench.report(.success, permit: permit).refusal == .stalePermit)
        bench.probe(.success)
        #expect(bench.report(.failure, permit: permit).refusal == .stalePermit)
        #expect(bench.breaker.consecutiveFailures == 0)
    }

    @Test("A refused report advances the breaker")
    func advances() {
        var bench = Bench.open()
        bench.wait(60_000)
        let answer = bench.report(.failure)
        #expect(answer == ReportAnswer(counted: 0, refusal: .noLease, state: .halfOpen, generation: 9))
        #expect(bench.transitions.last?.cause == .recoveryTimeout)
    }
}
