import BreakerCore
import CoreSupport
import TestSupport

/// A random sequence of events from a seed.
struct EventSequence: CustomStringConvertible {
    enum Step {
        case wait(milliseconds: Int)
        /// Waits until the next event falls due, or a few milliseconds less or more.
        case waitUntilDue(offsetMs: Int)
        /// The server starts again with its clock set back.
        case clockFallsBack(milliseconds: Int)
        case acquire
        case report(Outcome, Carried, durationMs: Int?, ageMs: Int, count: Int)
        case setOverride(Override.Mode, expiresInMs: Int?)
        case clearOverride
        case reset(Breaker.ResetTarget)
        case changePolicy(Policy)
    }

    /// The permit of a report.
    enum Carried {
        case nothing
        case bareOfThisGeneration
        case leaseInFlight
        /// Any permit that was handed out before.
        case earlier(Int)
    }

    let seed: UInt64
    var policy: Policy
    var steps: [Step]

    /// A sequence of 5 to 20 events.
    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        self.seed = seed
        policy = Self.policy(&random)
        steps = (0..<5 + random.below(16)).map { _ in Self.step(&random) }
    }

    var description: String {
        let events = steps.enumerated().map { "\n  \($0.offset + 1). \($0.element)" }.joined()
        return "seed \(seed), \(policy)\(events)"
    }

    private static func step(_ random: inout SplitMix64) -> Step {
        switch random.below(21) {
        case 0, 1: return .wait(milliseconds: random.pick([0, 1, 16, 17, 99, 100, 150, 250, 983, 1_000, 5_000]))
        case 2, 3: return .waitUntilDue(offsetMs: random.pick([-1, 0, 0, 1, 40]))
        case 4, 5, 6, 7: return .acquire
        case 8, 9, 10, 11, 12, 13, 14, 15, 16: return report(&random)
        case 17:
            guard random.below(3) > 0 else { return .clearOverride }
            return .setOverride(random.pick(Override.Mode.allCases), expiresInMs: random.pick([nil, 1, 100, 300]))
        case 18: return random.below(3) > 0 ? .acquire : .reset(random.pick(Breaker.ResetTarget.allCases))
        case 19: return random.below(2) > 0 ? .acquire : .changePolicy(policy(&random))
        default: return random.below(2) > 0 ? .acquire : .clockFallsBack(milliseconds: random.pick([0, 1, 333, 9_999]))
        }
    }

    private static func report(_ random: inout SplitMix64) -> Step {
        let outcome = random.pick([Outcome.success, .failure, .failure, .ignored])
        let durationMs = random.pick([nil, 0, 49, 50, 51])
        let ageMs = random.pick([0, 0, 0, 0, 1, 16, 17, 983, 984, 1_000, 4_999, 5_000, 5_001, 6_000, 900_000])
        switch random.below(6) {
        case 0:
            let count = random.pick([1, 1, 2, 5])
            return .report(outcome, .nothing, durationMs: durationMs, ageMs: ageMs, count: count)
        case 1:
            let count = random.pick([1, 3])
            return .report(outcome, .bareOfThisGeneration, durationMs: durationMs, ageMs: ageMs, count: count)
        case 2:
            let carried = Carried.earlier(random.below(8))
            return .report(outcome, carried, durationMs: durationMs, ageMs: ageMs, count: 1)
        default: return .report(outcome, .leaseInFlight, durationMs: durationMs, ageMs: ageMs, count: 1)
        }
    }

    /// A policy whose numbers are small, so that rules trip and timeouts end often.
    private static func policy(_ random: inout SplitMix64) -> Policy {
        Policy.with {
            $0.failureThreshold = random.pick([nil, nil, 1, 2, 3, 4])
            $0.failureCountThreshold = random.pick([nil, nil, 2, 3])
            $0.failureRateThreshold = random.pick([nil, nil, 0.3, 0.5, 1])
            $0.slowCallRateThreshold = random.pick([nil, nil, 0.5, 1])
            $0.slowCallMs = $0.slowCallRateThreshold == nil ? random.pick([nil, 50]) : random.pick([50, 51])
            $0.minimumCalls = 1 + random.below(4)
            $0.window = random.pick([
                .time(ms: 1_000), .time(ms: 1_007), .time(ms: 8_000), .calls(2), .calls(3), .calls(4),
            ])
            $0.recoveryTimeoutMs = random.pick([100, 150])
            $0.recoveryTimeoutMultiplier = random.pick([1, 1.5, 2, 10])
            $0.givenRecoveryTimeoutMaxMs = random.pick([nil, 150, 350, 1_000])
            $0.halfOpenProbes = 1 + random.below(3)
            $0.successThreshold = 1 + random.below(3)
            $0.probeLeaseMs = random.pick([100, 120])
        }
    }
}
