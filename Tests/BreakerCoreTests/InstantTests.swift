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

    @Test(
        "An instant equals the one parsed from its timestamp",
        arguments: [0, -1, 951_782_400_000, 1_767_225_599_999, 253_402_300_799_999] as [Int64]
    )
    func timestamp(ms: Int64) {
        #expect(Instant(timestamp: Instant(milliseconds: ms).timestamp) == Instant(milliseconds: ms))
    }

    @Test(
        "A text that is not a timestamp of this form does not parse as an instant",
        arguments: [
            "", "2026-01-31T09:30:00Z", "2026-02-29T09:30:00.000Z", "2026-01-31T24:00:00.000Z",
            "2026-01-31T09:30:00.000+", "2026-01-31 09:30:00.000Z", "2026-13-01T09:30:00.000Z",
        ]
    )
    func noTimestamp(text: String) {
        #expect(Instant(timestamp: text) == nil)
    }

    @Test("The raw values of states and outcomes are the words of the contract")
    func states() {
        #expect(State.allCases.map(\.rawValue) == ["closed", "open", "half_open"])
        #expect(Outcome.allCases.map(\.rawValue) == ["success", "failure", "ignored"])
    }
}
