import BreakerCore
import Testing

@Suite("An instant")
struct InstantTests {
    @Test("moves by milliseconds, and never past the end of time")
    func advanced() {
        let instant = Instant(milliseconds: 1_000)
        #expect(instant.advanced(byMilliseconds: 1) == Instant(milliseconds: 1_001))
        #expect(instant.advanced(byMilliseconds: -1) == Instant(milliseconds: 999))
        #expect(instant.advanced(byMilliseconds: .max) == .distantFuture)
        #expect(instant.milliseconds(until: Instant(milliseconds: 1_500)) == 500)
        #expect(instant.milliseconds(until: Instant(milliseconds: 400)) == -600)
    }

    @Test("is before every later one")
    func order() {
        #expect(Instant(milliseconds: 1) < Instant(milliseconds: 2))
        #expect(!(Instant(milliseconds: 2) < Instant(milliseconds: 2)))
        #expect(Instant(milliseconds: .max - 1) < .distantFuture)
    }

    @Test("A state is written as in the contract")
    func states() {
        #expect(State.allCases.map(\.rawValue) == ["closed", "open", "half_open"])
        #expect(Outcome.allCases.map(\.rawValue) == ["success", "failure", "ignored"])
    }
}
