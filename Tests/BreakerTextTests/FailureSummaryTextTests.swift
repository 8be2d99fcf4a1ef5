import BreakerCore
import BreakerText
import Testing

@Suite("The summary of failures as text")
struct FailureSummaryTextTests {
    /// The kind, the reporter and the number of failures.
    typealias Row = (kind: String?, reporter: String?, count: Int)

    private static func summary(_ rows: [Row]) -> FailureSummary {
        FailureSummary(
            of: rows.enumerated().map { number, row in
                Failure(
                    number: Int64(number),
                    at: Instant(milliseconds: 0),
                    kind: row.kind,
                    detail: nil,
                    reporter: row.reporter,
                    durationMs: nil,
                    count: row.count
                )
            }
        )
    }

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
        ] as [([Row], String)]
    )
    func text(rows: [Row], text: String) {
        #expect(Self.summary(rows).text == text)
    }
}
