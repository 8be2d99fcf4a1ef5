import BreakerCore
import Foundation
import TestSupport
import Testing

@testable import BreakerHTTP

@Suite("Instants in the RFC 3339 format, in UTC with milliseconds")
struct TimestampTests {
    @Test(
        "An instant is written as an RFC 3339 timestamp",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_767_225_600_000, "2026-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func shown(ms: Int64, text: String) {
        #expect(Instant(milliseconds: ms).timestamp == text)
    }

    @Test("Random instants are written as Foundation writes them", arguments: [21, 22] as [UInt64])
    func asFoundation(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        // The years 1600 to 2500, because Foundation uses the Julian calendar before 1582.
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<5_000 {
            let ms = Int64.random(in: -11_676_096_000_000...16_725_225_600_000, using: &random)
            let date = Date(timeIntervalSince1970: (Double(ms) + 0.25) / 1_000)
            #expect(Instant(milliseconds: ms).timestamp == date.formatted(style), "seed \(seed): \(ms)")
        }
    }
}
