import BreakerCore
import CoreSupport
import Testing

@Suite("Overrides")
struct OverrideTests {
    @Test("An override has its mode, reason, actor, instant and expiry", arguments: [nil, 60_000])
    func fields(expiresInMs: Int?) {
        var bench = Bench()
        bench.wait(5)
        bench.setOverride(.shadow, expiresInMs: expiresInMs)
        let expected = Override(
            mode: .shadow,
            reason: "drill",
            actor: "alice",
            since: bench.now,
            expiresAt: expiresInMs.map { bench.now.advanced(byMilliseconds: Int64($0)) }
        )
        #expect(bench.breaker.override == expected)
    }

    @Test("force_open denies every acquire, with a retry time if it expires", arguments: State.allCases)
    func forceOpenDenies(state: State) {
        var bench = Bench.in(state)
        bench.setOverride(.forceOpen)
        bench.wait(86_400_000)
        #expect(bench.acquire() == .denied(state: .open, generation: bench.breaker.generation, retryAfterMs: nil))
        bench.setOverride(.forceOpen, expiresInMs: 90_000)
        bench.wait(89_999)
        #expect(bench.acquire() == .denied(state: .open, generation: bench.breaker.generation, retryAfterMs: 1))
        #expect(bench.breaker.openUntil == nil)
    }

    @Test("The end of force_open leads to half open with one probe", arguments: State.allCases, [true, false])
    func forceOpenEnds(state: State, expires: Bool) {
        var bench = Bench.in(state)
        bench.setOverride(.forceOpen, expiresInMs: 90_000)
        bench.wait(expires ? 90_000 : 10)
        if !expires { bench.clearOverride() }
        #expect(bench.acquire().probe != nil)
        #expect(
            bench.acquire() == .denied(state: .halfOpen, generation: bench.breaker.generation, retryAfterMs: 30_000)
        )
        #expect(bench.transitions.last?.cause == (expires ? .overrideExpired : .overrideCleared))
        #expect(bench.transitions.last?.actor == (expires ? nil : "bob"))
        #expect(bench.breaker.override == nil)
    }

    @Test("force_closed allows every acquire, counts reports and never trips", arguments: State.allCases)
    func forceClosed(state: State) {
        var bench = Bench.in(state) {
            $0.failureCountThreshold = 5
            $0.failureRateThreshold = 0.1
        }
        bench.setOverride(.forceClosed)
        let generation = bench.breaker.generation
        let answer = bench.report(.failure, count: 100)
        #expect(answer == ReportAnswer(counted: 100, refusal: nil, state: .closed, generation: generation))
        #expect(bench.counts == Counts(calls: 100, failures: 100))
        #expect(bench.acquire() == .allowed(Permit(generation: generation), state: .closed))
    }

    @Test("The end of force_closed leads to closed with nothing counted", arguments: [true, false])
    func forceClosedEnds(expires: Bool) {
        var bench = Bench.open()
        bench.setOverride(.forceClosed, expiresInMs: 90_000)
        bench.report(.failure, count: 100)
        bench.wait(expires ? 90_000 : 10)
        if expires { bench.advance() } else { bench.clearOverride() }
        #expect(bench.breaker.state == .closed)
        #expect(bench.counts == .zero)
        #expect(bench.play("ffff") == nil)
        #expect(bench.play("f") == 1, "rules trip again")
    }

    @Test(
        "An override that is set while another is in force first ends the other",
        arguments: Override.Mode.allCases,
        Override.Mode.allCases
    )
    func replaced(first: Override.Mode, second: Override.Mode) {
        var bench = Bench()
        bench.setOverride(first)
        bench.wait(10)
        bench.setOverride(second)
        let last = Array(bench.transitions.suffix(2))
        #expect(last.map(\.cause) == [.overrideCleared, .overrideSet])
        #expect(last.map(\.revision) == [9, 10])
        let between: State = first == .forceOpen ? .halfOpen : .closed
        let after: State =
            switch second {
            case .forceOpen: .open
            case .forceClosed: .closed
            case .shadow: between
            }
        #expect(last.map(\.to) == [between, after])
        #expect(last[1].from == between)
        #expect(bench.breaker.override?.mode == second)
    }

    @Test("A clear changes nothing if no override is in force", arguments: State.allCases)
    func clearNone(state: State) {
        var bench = Bench.in(state)
        let before = bench.breaker
        let revision = bench.journal.revision
        bench.clearOverride()
        #expect(bench.breaker == before)
        #expect(bench.journal.revision == revision)
    }

    @Test("The raw values of override modes are the words of the contract")
    func names() {
        #expect(Override.Mode.allCases.map(\.rawValue) == ["force_open", "force_closed", "shadow"])
    }
}
