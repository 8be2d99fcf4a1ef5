import BreakerCore
import CoreSupport
import Testing

@Suite("How long a breaker stays open")
struct RecoveryTests {
    struct Case: Sendable {
        var timeoutMs: Int64
        var multiplier = 1.0
        var maxMs: Int64?
        /// How long openings in a row last.
        var durationsMs: [Int]
    }

    static let cases = [
        Case(timeoutMs: 60_000, durationsMs: [60_000, 60_000, 60_000]),
        Case(timeoutMs: 1_000, multiplier: 2, maxMs: 5_000, durationsMs: [1_000, 2_000, 4_000, 5_000, 5_000]),
        Case(timeoutMs: 1_000, multiplier: 2, maxMs: 3_999, durationsMs: [1_000, 2_000, 3_999, 3_999]),
        Case(timeoutMs: 1_000, multiplier: 2, maxMs: 4_000, durationsMs: [1_000, 2_000, 4_000, 4_000]),
        Case(timeoutMs: 1_000, multiplier: 2, maxMs: 4_001, durationsMs: [1_000, 2_000, 4_000, 4_001]),
        Case(timeoutMs: 1_000, multiplier: 2, maxMs: 1_000, durationsMs: [1_000, 1_000]),
        Case(timeoutMs: 1_000, multiplier: 1.5, durationsMs: [1_000, 1_500, 2_250, 3_375, 5_063]),
        Case(timeoutMs: 60_000, multiplier: 10, durationsMs: [60_000, 600_000, 600_000]),
        Case(timeoutMs: 60_000, multiplier: 9, durationsMs: [60_000, 540_000, 600_000]),
        Case(timeoutMs: 700_000, multiplier: 2, durationsMs: [700_000, 700_000]),
        Case(timeoutMs: 100, multiplier: 10, maxMs: 86_400_000, durationsMs: [100, 1_000, 10_000, 100_000, 1_000_000]),
    ]

    @Test("Each further opening in a row multiplies the recovery timeout, up to the cap", arguments: cases)
    func multiplier(of test: Case) {
        var bench = Bench {
            $0.recoveryTimeoutMs = test.timeoutMs
            $0.recoveryTimeoutMultiplier = test.multiplier
            $0.givenRecoveryTimeoutMaxMs = test.maxMs
        }
        bench.trip()
        var durationsMs = [bench.openMs]
        for _ in test.durationsMs.dropFirst() {
            bench.recover()
            bench.probe(.failure)
            durationsMs.append(bench.openMs)
        }
        #expect(durationsMs == test.durationsMs)
    }

    @Test("The recovery timeout does not overflow after 700 openings in a row", arguments: [1.0, 1.000_001, 10.0])
    func manyOpenings(multiplier: Double) {
        var bench = Bench.open {
            $0.recoveryTimeoutMs = 86_400_000
            $0.recoveryTimeoutMultiplier = multiplier
        }
        for _ in 1...700 {
            bench.recover()
            bench.probe(.failure)
        }
        #expect(bench.openMs == 86_400_000)
        #expect(bench.breaker.backOff?.openings == 701)
    }

    @Test(
        "An opening from half open continues the row, however long the breaker was half open",
        arguments: [0, 1_000, 86_400_000]
    )
    func fromHalfOpen(halfOpenMs: Int) {
        var bench = Bench.halfOpen { $0.recoveryTimeoutMultiplier = 2 }
        bench.wait(halfOpenMs)
        bench.probe(.failure)
        #expect(bench.openMs == 120_000)
    }

    @Test(
        "An opening continues the row if the breaker was closed for less time than the last opening lasted",
        arguments: [(0, 120_000), (59_999, 120_000), (60_000, 60_000), (60_001, 60_000)]
    )
    func fromClosed(closedMs: Int, openMs: Int) {
        var bench = Bench.halfOpen { $0.recoveryTimeoutMultiplier = 2 }
        bench.probe(.success)
        bench.wait(closedMs)
        bench.trip()
        #expect(bench.openMs == openMs)
    }

    @Test(
        "The closed time is compared with the length of the last opening, and a later trip begins a new row",
        arguments: [(119_999, 240_000), (120_000, 60_000), (120_001, 60_000)]
    )
    func lastOpening(closedMs: Int, openMs: Int) {
        var bench = Bench.halfOpen { $0.recoveryTimeoutMultiplier = 2 }
        bench.probe(.failure)
        bench.recover()
        bench.probe(.success)
        bench.wait(closedMs)
        bench.trip()
        #expect(bench.openMs == openMs)
        bench.recover()
        bench.probe(.failure)
        #expect(bench.openMs == min(openMs * 2, 600_000))
    }

    @Test("The first opening lasts the recovery timeout, even right after the breaker's creation")
    func first() {
        let bench = Bench.open { $0.recoveryTimeoutMultiplier = 10 }
        #expect(bench.openMs == 60_000)
    }

    @Test("An opening by a failed probe lasts the recovery timeout if the breaker has never tripped")
    func halfOpenByHand() throws {
        var bench = Bench { $0.recoveryTimeoutMultiplier = 10 }
        try bench.reset(to: .halfOpen)
        bench.probe(.failure)
        #expect(bench.openMs == 60_000)
    }

    @Test("A reset clears the back-off", arguments: Breaker.ResetTarget.allCases, State.allCases)
    func reset(target: Breaker.ResetTarget, state: State) throws {
        var bench = Bench.halfOpen { $0.recoveryTimeoutMultiplier = 2 }
        switch state {
        case .closed: bench.probe(.success)
        case .open: bench.probe(.failure)
        case .halfOpen: break
        }
        try bench.reset(to: target)
        #expect(bench.breaker.backOff == nil)
        if target == .halfOpen { bench.probe(.failure) } else { bench.trip() }
        #expect(bench.openMs == 60_000)
    }

    @Test("A changed multiplier applies from the next opening on")
    func changedMultiplier() {
        var bench = Bench.open()
        bench.changePolicy { $0.recoveryTimeoutMultiplier = 3 }
        #expect(bench.openMs == 60_000)
        bench.recover()
        bench.probe(.failure)
        #expect(bench.openMs == 180_000)
    }
}
