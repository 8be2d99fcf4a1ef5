import CoreSupport
import Testing

@testable import BreakerCore

@Suite("The prepared answer of a breaker")
struct PreparedAnswerTests {
    static let later = Instant.start.advanced(byMilliseconds: 90_000)
    static let recovery = Instant.start.advanced(byMilliseconds: 60_000)
    /// The end of the first lease, if half open begins at ``recovery``.
    static let leaseEnd = recovery.advanced(byMilliseconds: 30_000)

    struct Case: Sendable {
        var state: State
        var acquires = 0
        var mode: Override.Mode?
        var expiresInMs: Int?
        var answer: PreparedAnswer.Answer
        var until: Instant
    }

    static let cases = [
        Case(state: .closed, answer: .allow(generation: 7, state: .closed, wouldDeny: false), until: .distantFuture),
        Case(state: .open, answer: .deny(state: .open, generation: 8, retryAt: recovery), until: recovery),
        Case(state: .halfOpen, answer: .ask(generation: 9, wouldDeny: false), until: .distantFuture),
        Case(
            state: .halfOpen,
            acquires: 1,
            answer: .deny(state: .halfOpen, generation: 9, retryAt: leaseEnd),
            until: leaseEnd
        ),
        Case(
            state: .closed,
            mode: .forceOpen,
            answer: .deny(state: .open, generation: 8, retryAt: nil),
            until: .distantFuture
        ),
        Case(
            state: .open,
            mode: .forceOpen,
            expiresInMs: 90_000,
            answer: .deny(state: .open, generation: 9, retryAt: later),
            until: later
        ),
        Case(
            state: .open,
            mode: .forceClosed,
            expiresInMs: 90_000,
            answer: .allow(generation: 9, state: .closed, wouldDeny: false),
            until: later
        ),
        Case(
            state: .closed,
            mode: .shadow,
            expiresInMs: 90_000,
            answer: .allow(generation: 7, state: .closed, wouldDeny: false),
            until: later
        ),
        Case(
            state: .open,
            mode: .shadow,
            expiresInMs: 90_000,
            answer: .allow(generation: 8, state: .open, wouldDeny: true),
            until: recovery
        ),
        Case(
            state: .open,
            mode: .shadow,
            expiresInMs: 50_000,
            answer: .allow(generation: 8, state: .open, wouldDeny: true),
            until: Instant.start.advanced(byMilliseconds: 50_000)
        ),
        Case(state: .halfOpen, mode: .shadow, answer: .ask(generation: 9, wouldDeny: true), until: .distantFuture),
        Case(
            state: .halfOpen,
            acquires: 1,
            mode: .shadow,
            answer: .allow(generation: 9, state: .halfOpen, wouldDeny: true),
            until: leaseEnd
        ),
    ]

    @Test("A prepared answer holds the answer to every acquire until the next event falls due", arguments: cases)
    func answer(of test: Case) {
        var bench = Bench.in(test.state)
        if let mode = test.mode { bench.setOverride(mode, expiresInMs: test.expiresInMs) }
        for _ in 0..<test.acquires { bench.acquire() }
        #expect(bench.breaker.preparedAnswer == PreparedAnswer(answer: test.answer, until: test.until))
    }

    @Test(
        "While a slot for a probe is free, the prepared answer refers acquires to the breaker, until the first lease ends"
    )
    func freeSlot() {
        var bench = Bench.halfOpen { $0.halfOpenProbes = 2 }
        bench.acquire()
        #expect(
            bench.breaker.preparedAnswer
                == PreparedAnswer(answer: .ask(generation: 9, wouldDeny: false), until: Self.leaseEnd)
        )
        bench.wait(10)
        bench.acquire()
        #expect(bench.breaker.preparedAnswer.answer == .deny(state: .halfOpen, generation: 9, retryAt: Self.leaseEnd))
    }

    @Test(
        "The prepared answer of a half-open breaker lasts until the first lease ends, even if that was not granted first"
    )
    func shorterLease() {
        var bench = Bench.halfOpen { $0.halfOpenProbes = 2 }
        bench.acquire()
        bench.changePolicy { $0.probeLeaseMs = 100 }
        bench.acquire()
        let end = bench.now.advanced(byMilliseconds: 100)
        let answer = PreparedAnswer.Answer.deny(state: .halfOpen, generation: 9, retryAt: end)
        #expect(bench.breaker.preparedAnswer == PreparedAnswer(answer: answer, until: end))
    }

    @Test(
        "A prepared answer decides until its end, and not from then on",
        arguments: [(0, 60_000), (59_999, 1), (60_000, nil)]
    )
    func until(elapsedMs: Int, retryAfterMs: Int64?) {
        var bench = Bench.open()
        bench.wait(elapsedMs)
        let expected = retryAfterMs.map { Decision.denied(state: .open, generation: 8, retryAfterMs: $0) }
        #expect(bench.breaker.preparedAnswer.decision(at: bench.now) == expected)
    }

    @Test(
        "A prepared answer in shadow allows with a bare permit, one that denies denies, and one that asks decides nothing"
    )
    func decisions() {
        #expect(
            PreparedAnswer(answer: .ask(generation: 4, wouldDeny: false), until: .distantFuture).decision(at: .start)
                == nil
        )
        let shadow = PreparedAnswer.Answer.allow(generation: 4, state: .open, wouldDeny: true)
        #expect(
            PreparedAnswer(answer: shadow, until: .distantFuture).decision(at: .start)
                == .allowed(Permit(generation: 4), state: .open, wouldDeny: true)
        )
        #expect(
            PreparedAnswer(answer: .deny(state: .open, generation: 4, retryAt: nil), until: .distantFuture).decision(
                at: .start
            )
                == .denied(state: .open, generation: 4, retryAfterMs: nil)
        )
    }
}

@Suite("Acquires without a probe, for gates that cannot report")
struct ProbelessAcquireTests {
    @Test(
        "A closed or open breaker answers an acquire without a probe like any other acquire",
        arguments: [State.closed, .open]
    )
    func asAnybody(state: State) {
        var bench = Bench.in(state)
        var other = bench
        #expect(bench.acquireWithoutProbe() == other.acquire())
        #expect(bench.breaker == other.breaker)
    }

    @Test("A half-open breaker denies an acquire without a probe, which leaves the probe to others")
    func halfOpen() {
        var bench = Bench.halfOpen()
        let before = bench.breaker
        #expect(bench.acquireWithoutProbe() == .denied(state: .halfOpen, generation: 9, retryAfterMs: 1_000))
        #expect(bench.breaker == before)
        #expect(bench.acquire().probe != nil)
        bench.wait(10)
        #expect(bench.acquireWithoutProbe() == .denied(state: .halfOpen, generation: 9, retryAfterMs: 29_990))
    }

    @Test(
        "An acquire without a probe makes an open breaker half open once its recovery timeout has passed",
        arguments: [(-1, State.open), (0, .halfOpen)]
    )
    func due(ms: Int, state: State) throws {
        var bench = Bench.open()
        let openMs = try #require(bench.openMs)
        bench.wait(openMs + ms)
        guard case .denied(state, _, _) = bench.acquireWithoutProbe() else {
            Issue.record("it is let through")
            return
        }
        #expect(bench.breaker.state == state)
    }

    @Test(
        "In shadow an acquire without a probe is allowed with wouldDeny set, and takes no lease",
        arguments: [State.open, .halfOpen]
    )
    func shadow(state: State) {
        var bench = Bench.in(state)
        bench.setOverride(.shadow)
        let permit = Permit(generation: bench.breaker.generation)
        #expect(bench.acquireWithoutProbe() == .allowed(permit, state: state, wouldDeny: true))
        #expect(bench.breaker.leases.isEmpty)
    }
}
