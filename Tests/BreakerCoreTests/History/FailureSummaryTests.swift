import BreakerCore
import Testing

@Suite("The summary of failures")
struct FailureSummaryTests {
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

    @Test("Groups are ordered by their number of failures, and equal ones by name")
    func groups() throws {
        let summary = Self.summary([
            ("reset", "b", 1), ("timeout", "a", 2), ("dns", "a", 1), (nil, "a", 1), ("timeout", "b", 3),
        ])
        #expect(summary.failures == 8)
        #expect(summary.kinds.map(\.group.name) == ["timeout", nil, "dns", "reset"])
        #expect(summary.kinds.map(\.group.share) == [0.625, 0.125, 0.125, 0.125])
        let timeouts = try #require(summary.kinds.first)
        #expect(timeouts.reporters.map(\.name) == ["b", "a"])
        #expect(timeouts.reporters.map(\.share) == [0.6, 0.4])
        #expect(summary.reporters.map(\.name) == ["a", "b"])
        #expect(summary.reporters.map(\.failures) == [4, 4])
    }

    @Test("The summary has at most 20 kinds and at most 20 reporters", arguments: [(20, 20), (21, 20)])
    func limit(groups: Int, listed: Int) throws {
        let summary = Self.summary((1...groups).map { ("kind", "reporter-\($0)", 1) })
        #expect(summary.failures == groups)
        #expect(summary.reporters.count == listed)
        let kind = try #require(summary.kinds.first)
        #expect(kind.reporters.count == listed)
        #expect(kind.reporterCount == groups)
        #expect(Self.summary((1...groups).map { ("kind-\($0)", nil, 1) }).kinds.count == listed)
    }
}
