import BreakerCore
import CoreSupport
import Testing

@Suite("Random sequences of events")
struct EventSequenceTests {
    /// The number of sequences for each seed: 100 000 in all with ``seeds``.
    static let sequences: UInt64 = 2_500
    static let seeds = UInt64(1)...40

    @Test("A breaker keeps its invariants in every random sequence", arguments: seeds)
    func invariants(seed: UInt64) {
        for number in 0..<Self.sequences {
            let sequence = EventSequence(seed: seed << 32 | number)
            guard let violation = violation(of: sequence) else { continue }
            let shortest = shortened(sequence)
            Issue.record(
                "\(violation.what)\n\(sequence)\nshortened to \(shortest)\nwhere \(self.violation(of: shortest)!.what)"
            )
            return
        }
    }

    @Test("The random sequences reach every cause and every refusal, and lose more than 100 probes")
    func reach() throws {
        var causes: Set<Cause> = []
        var refusals: Set<ReportAnswer.Refusal> = []
        var lostProbes: UInt32 = 0
        for seed in 0..<Self.sequences {
            let trial = try Trial.run(EventSequence(seed: seed))
            causes.formUnion(trial.bench.transitions.map(\.cause))
            refusals.formUnion(trial.refusals)
            lostProbes += trial.bench.breaker.lostProbes
        }
        #expect(causes == Set(Cause.allCases))
        #expect(refusals == Set(ReportAnswer.Refusal.allCases))
        #expect(lostProbes > 100)
    }

    private func violation(of sequence: EventSequence) -> Violation? {
        do {
            try Trial.run(sequence)
            return nil
        } catch { return error }
    }

    /// The sequence without the events that the violation does not need.
    private func shortened(_ sequence: EventSequence) -> EventSequence {
        var shortest = sequence
        for index in sequence.steps.indices.reversed() {
            var shorter = shortest
            shorter.steps.remove(at: index)
            if violation(of: shorter) != nil { shortest = shorter }
        }
        return shortest
    }
}
