import BreakerCore
import Testing

@Suite("The limits of a report")
struct LimitsTests {
    @Test(
        "A detail is cut at 512 bytes, never inside a code point",
        arguments: [
            ("x", 0, "", 0), ("x", 511, "", 511), ("x", 512, "", 512), ("x", 513, "", 512), ("x", 511, "é", 511),
            ("x", 510, "é", 512), ("x", 509, "日", 512), ("x", 510, "日", 510), ("x", 511, "日", 511),
            ("x", 509, "😀", 509), ("x", 508, "😀", 512), ("é", 300, "", 512), ("日", 300, "", 510),
            ("a\u{301}", 300, "", 511),
        ]
    )
    func cutDetail(unit: String, count: Int, tail: String, bytes: Int) {
        let text = String(repeating: unit, count: count) + tail
        let cut = Limits.cutDetail(text)
        #expect(cut.utf8.count == bytes)
        #expect(Array(text.utf8.prefix(bytes)) == Array(cut.utf8), "what is kept is the beginning")
        #expect(!cut.unicodeScalars.contains("\u{fffd}"))
    }

    @Test("The limits are those of the contract")
    func bounds() {
        #expect(Limits.reportCount == 1...10_000)
        #expect(Limits.outcomesPerRequest == 1_000_000)
        #expect(Limits.reportsPerRequest == 1...10_000)
        #expect(Limits.reportIDLength == 1...64)
        #expect(Limits.kindLength == 64)
        #expect(Limits.reporterLength == 128)
        #expect(Limits.defaultOverrideMs == 3_600_000)
    }
}
