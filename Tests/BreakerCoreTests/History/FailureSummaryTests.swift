import BreakerCore
import CoreSupport
import Testing

@Suite("The summary of failures")
struct FailureSummaryTests {
    @Test("Groups are ordered by their number of failures, and equal ones by name")
    func groups() throws {
        let summary = FailureSummary.of([
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
        let summary = FailureSummary.of((1...groups).map { ("kind", "reporter-\($0)", 1) })
        #expect(summary.failures == groups)
        #expect(summary.reporters.count == listed)
        let kind = try #require(summary.kinds.first)
        #expect(kind.reporters.count == listed)
        #expect(kind.reporterCount == groups)
        #expect(FailureSummary.of((1...groups).map { ("kind-\($0)", nil, 1) }).kinds.count == listed)
    }
}
