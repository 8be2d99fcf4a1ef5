import BreakerCore
import Testing

@Suite("Lengths of time as text")
struct LengthTextTests {
    @Test(
        "Elapsed time is rounded down, and remaining time is rounded up",
        arguments: [
            (-5, "0 s", "0 s"), (0, "0 s", "0 s"), (1, "0 s", "1 s"), (1_000, "1 s", "1 s"),
            (59_001, "59 s", "60 s"), (119_000, "119 s", "119 s"), (119_001, "119 s", "2 min"),
            (120_000, "2 min", "2 min"), (120_001, "2 min", "3 min"), (179_999, "2 min", "3 min"),
            (7_199_000, "119 min", "120 min"), (7_199_001, "119 min", "2 h"), (7_200_000, "2 h", "2 h"),
            (172_800_000, "2 d", "2 d"), (172_800_001, "2 d", "3 d"), (.max, "106751991167 d", "106751991168 d"),
        ] as [(Int64, String, String)]
    )
    func rounding(ms: Int64, elapsed: String, remaining: String) {
        #expect(LengthText.elapsed(ms: ms) == elapsed)
        #expect(LengthText.remaining(ms: ms) == remaining)
    }
}
