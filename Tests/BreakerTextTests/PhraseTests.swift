import BreakerCore
import CoreSupport
import Testing

@testable import BreakerText

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

    @Test(
        "An exact duration is written in the largest unit that needs at most one decimal",
        arguments: [
            (0, "0 ms"), (1, "1 ms"), (999, "999 ms"), (1_000, "1 s"), (1_001, "1001 ms"), (1_100, "1.1 s"),
            (59_900, "59.9 s"), (60_000, "1 min"), (61_000, "61 s"), (66_000, "1.1 min"), (600_000, "10 min"),
            (3_600_000, "1 h"), (3_601_000, "3601 s"), (5_400_000, "1.5 h"), (86_400_000, "24 h"),
        ]
    )
    func exact(milliseconds: Int, text: String) {
        #expect(LengthText.exact(ms: Int64(milliseconds)) == text)
    }
}

@Suite("The summary of failures as text")
struct FailureSummaryTextTests {
    @Test(
        "The summary's text names the most frequent kind and its most frequent reporter",
        arguments: [
            ([], "no failures"),
            ([("timeout", "checkout-7", 1)], "100 % timeout, from checkout-7"),
            ([("timeout", "checkout-7", 90), ("timeout", "b", 10)], "100 % timeout; 90 % of them from checkout-7"),
            ([("timeout", "a", 41), ("timeout", "b", 41), ("reset", "a", 18)], "82 % timeout; 50 % of them from a"),
            ([("timeout", "a", 2), ("timeout", "b", 2), ("timeout", "c", 1)], "100 % timeout, from 3 reporters"),
            ([(nil, nil, 2), ("timeout", "a", 1)], "67 % of no kind, from workers without a name"),
            ([("timeout", nil, 9), ("timeout", "a", 1)], "100 % timeout; 90 % of them from workers without a name"),
            ([("timeout", "a", 999), ("reset", "a", 1)], "99 % timeout, from a"),
        ] as [([FailureSummary.Row], String)]
    )
    func text(rows: [FailureSummary.Row], text: String) {
        #expect(FailureSummary.of(rows).text == text)
    }
}
