import BreakerCore
import Testing

@Suite("Instants")
struct InstantTests {
    @Test("An instant moves by milliseconds, up to the distant future")
    func advanced() {
        let instant = Instant(milliseconds: 1_000)
        #expect(instant.advanced(byMilliseconds: 1) == Instant(milliseconds: 1_001))
        #expect(instant.advanced(byMilliseconds: -1) == Instant(milliseconds: 999))
        #expect(instant.advanced(byMilliseconds: .max) == .distantFuture)
        #expect(instant.milliseconds(until: Instant(milliseconds: 1_500)) == 500)
        #expect(instant.milliseconds(until: Instant(milliseconds: 400)) == -600)
    }

    @Test("Instants are ordered by time")
    func order() {
        #expect(Instant(milliseconds: 1) < Instant(milliseconds: 2))
        #expect(!(Instant(milliseconds: 2) < Instant(milliseconds: 2)))
        #expect(Instant(milliseconds: .max - 1) < .distantFuture)
    }

    @Test("The raw values of states and outcomes are the words of the contract")
    func states() {
        #expect(State.allCases.map(\.rawValue) == ["closed", "open", "half_open"])
        #expect(Outcome.allCases.map(\.rawValue) == ["success", "failure", "ignored"])
    }
}
