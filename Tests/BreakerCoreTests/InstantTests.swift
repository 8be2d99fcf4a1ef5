import BreakerCore
import Foundation
import TestSupport
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

@Suite("Instants in the RFC 3339 format")
struct RFC3339Tests {
    @Test(
        "An instant is written in UTC with milliseconds, and is read again",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_767_225_600_000, "2026-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func shown(ms: Int64, text: String) {
        #expect(Instant(milliseconds: ms).timestamp == text)
        #expect(Instant(rfc3339: text) == Instant(milliseconds: ms))
    }

    @Test(
        "An instant is read with a fraction of up to nine digits, with an offset, and in lower case",
        arguments: [
            ("2026-01-01T00:00:00Z", 0), ("2026-01-01t00:00:00z", 0), ("2026-01-01T00:00:00.5Z", 500),
            ("2026-01-01T00:00:00.05Z", 50), ("2026-01-01T00:00:00.0009Z", 0), ("2026-01-01T00:00:00.123456789Z", 123),
            ("2026-01-01T01:30:00+01:30", 0), ("2025-12-31T22:30:00-01:30", 0), ("2026-01-01T00:00:00-00:00", 0),
            ("2026-01-01T23:59:59.999+23:59", 59_999), ("2026-01-01T00:01:00.250+00:00", 60_250),
        ] as [(String, Int64)]
    )
    func read(text: String, ms: Int64) {
        #expect(Instant(rfc3339: text) == Instant(milliseconds: 1_767_225_600_000 + ms))
    }

    @Test(
        "A text of another form, or of a day or time that does not exist, is not an instant",
        arguments: [
            "", "now", "2026-01-31", "2026-01-31T09:30Z", "2026-01-31T09:30:00", "2026-01-31 09:30:00Z",
            "2026-01-31T09:30:00ZZ", " 2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z ", "26-01-31T09:30:00Z",
            "+2026-01-31T09:30:00Z", "2026-1-31T09:30:00Z", "2026/01/31T09:30:00Z", "2026-01-31T09.30.00Z",
            "2026-01-31T09:30:00.Z", "2026-01-31T09:30:00.1234567890Z", "2026-01-31T09:30:00,5Z",
            "2026-01-31T09:30:00+", "2026-01-31T09:30:00+01", "2026-01-31T09:30:00+0100", "2026-01-31T09:30:00+24:00",
            "2026-01-31T09:30:00+01:60", "2026-01-31T09:30:00Z+01:00", "2026-01-31T24:00:00Z", "2026-01-31T09:60:00Z",
            "2026-01-31T09:30:60Z", "2026-02-29T09:30:00Z", "2026-13-01T09:30:00Z", "2026-00-01T09:30:00Z",
            "2026-01-00T09:30:00Z", "2026-01-3１T09:30:00Z", "2026-01-31T09:30:00Z\u{301}",
        ]
    )
    func unreadable(text: String) {
        #expect(Instant(rfc3339: text) == nil)
    }

    @Test("Random instants are written as Foundation writes them", arguments: [21, 22] as [UInt64])
    func asFoundation(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        // The years 1600 to 2500, because Foundation uses the Julian calendar before 1582.
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<5_000 {
            let ms = Int64.random(in: -11_676_096_000_000...16_725_225_600_000, using: &random)
            let date = Date(timeIntervalSince1970: (Double(ms) + 0.25) / 1_000)
            let text = Instant(milliseconds: ms).timestamp
            #expect(text == date.formatted(style), "seed \(seed): \(ms)")
            #expect(Instant(rfc3339: text) == Instant(milliseconds: ms), "seed \(seed): \(ms)")
        }
    }
}
