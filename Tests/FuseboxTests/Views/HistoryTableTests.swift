import BreakerCore
import Testing

@testable import BreakerAPI
@testable import fusebox

@Suite struct HistoryTableTests {
    private static let start = Instant(milliseconds: 1_800_000_000_000)

    /// - Parameter counts: the successes, failures and denials of each step.
    private func table(_ counts: [[Int64]], stepMs: Int64 = 60_000) -> HistoryTable {
        let points = counts.enumerated().map { number, counts in
            HistoryDocument.Point(
                at: Self.start.advanced(byMilliseconds: stepMs * Int64(number)),
                successes: counts[0],
                failures: counts[1],
                slow: 0,
                ignored: 0,
                allowed: counts[0] + counts[1],
                denied: counts[2]
            )
        }
        let end = Self.start.advanced(byMilliseconds: stepMs * Int64(counts.count))
        return HistoryTable(
            history: HistoryDocument(name: "a", from: Self.start, to: end, stepMs: stepMs, points: points)
        )
    }

    private static let nothing: [Int64] = [0, 0, 0]

    @Test("On a terminal the history omits steps without calls, and columns and numbers that are zero")
    func gaps() {
        let counts = [[6, 2, 0], Self.nothing, Self.nothing, [0, 0, 16], Self.nothing]
        let lines = table(counts).lines(on: Screen(width: 80))
        #expect(
            lines == [
                "AT      SUCCESSES  FAILURES  ALLOWED  DENIED",
                "08:00Z          6         2        8          ████████████▓▓▓▓",
                "⋮",
                "08:03Z                                    16  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░",
                "08:04Z",
                "",
                "█ 6 successes  ▓ 2 failures (25 %)  ░ 16 denied",
            ]
        )
    }

    @Test("The bars show even rare outcomes, and no line is longer than the screen", arguments: [20, 50, 60, 80, 200])
    func width(_ width: Int) {
        let lines = table([[1_000_000, 1, 1], [999_999, 999_999, 999_999]]).lines(on: Screen(width: width)).dropLast()
        #expect(lines.allSatisfy { $0.columns <= width }, "\(lines)")
        let hasBars = lines.contains { $0.contains("█") }
        #expect(hasBars == (width >= 60))
        if hasBars { #expect(lines.dropFirst().first?.hasSuffix("█▓░") == true, "\(lines)") }
    }

    @Test(
        "The label of a step has the date and time that distinguish it from the other steps",
        arguments: [(60_000, "08:00Z"), (3_600_000, "2027-01-15 08:00Z"), (86_400_000, "2027-01-15")]
            as [(Int64, String)]
    )
    func label(stepMs: Int64, text: String) {
        let counts = Array(repeating: [1, 0, 0] as [Int64], count: 40)
        #expect(table(counts, stepMs: stepMs).lines(on: Screen(width: 80))[1].hasPrefix(text + "  "))
    }

    @Test("In a pipe the history has every step with every number")
    func plain() {
        let lines = table([[6, 2, 0], Self.nothing]).lines(on: .plain)
        #expect(
            lines == [
                "AT                    SUCCESSES  FAILURES  SLOW  IGNORED  ALLOWED  DENIED",
                "2027-01-15 08:00:00Z          6         2     0        0        8       0",
                "2027-01-15 08:01:00Z          0         0     0        0        0       0",
            ]
        )
    }
}
