import BreakerCore
import EngineSupport
import Foundation
import NIOHTTP1
import TestSupport
import Testing

@testable import BreakerAPI
@testable import fusebox

extension ProcessTests {
    @Suite struct HistoryCommandTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        /// Starts a server with 5 failures of two kinds; the last one trips the breaker.
        private func startServer() async throws -> ServerProcess {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            let reports = #"""
                {"reports":[{"name":"a","outcome":"failure","kind":"timeout","reporter":"w-7","count":3},
                {"name":"a","outcome":"failure","kind":"timeout","reporter":"w-8"},
                {"name":"a","outcome":"failure","kind":"http_503\u001b[2J","reporter":"w-8","detail":"no"}]}
                """#
            #expect(try await server.wire.send(.POST, "/v1/reports", reports).number("accepted") == 5)
            #expect(try await server.wire.acquire("a").flag("allowed") == false)
            return server
        }

        @Test("The history command prints one line for each step, with all numbers")
        func history() async throws {
            let server = try await startServer()
            defer { server.child.kill() }
            // The counts are stored with the next batch.
            try await eventually("the history has the counts") {
                let result = try await Program.fusebox.run("history", "a", "--step", "1h", "--url", server.url)
                let lines = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
                #expect(lines.first == ["AT", "SUCCESSES", "FAILURES", "SLOW", "IGNORED", "ALLOWED", "DENIED"])
                #expect((2...3).contains(lines.count), "\(result)")
                let sums = (2...7).map { column in lines.dropFirst().compactMap { Int($0[column]) }.reduce(0, +) }
                return sums == [0, 5, 0, 0, 0, 1]
            }
            let json = try await Program.fusebox.run("history", "a", "--json", "--url", server.url)
            let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            #expect(document?["step_ms"] as? Int == 60_000)
        }

        @Test(
            "The history command picks the shortest step that makes at most 60 steps, unless a step is given",
            arguments: [
                ([], 60_000), (["--from", "1h"], 60_000), (["--from", "90m"], 120_000), (["--from", "1d"], 1_800_000),
                (["--from", "7d"], 10_800_000), (["--from", "1d", "--step", "1h"], 3_600_000),
                (["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T05:00:00Z"], 300_000),
            ]
        )
        func step(options: [String], stepMs: Int) async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            _ = try await server.wire.acquire("a")
            let result = try await Program.fusebox.run(["history", "a", "--json", "--url", server.url] + options)
            let document = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
            #expect(document?["step_ms"] as? Int == stepMs, "\(result)")
            #expect((document?["points"] as? [Any])?.count ?? 0 <= 62)
        }

        @Test("The failures command prints a summary above the failures")
        func summary() async throws {
            let server = try await startServer()
            defer { server.child.kill() }
            let result = try await Program.fusebox.run("failures", "a", "--url", server.url)
            #expect(result.code == 0, "\(result)")
            let sections = result.output.components(separatedBy: "\n\n")
            #expect(sections.count == 4, "\(result.output)")
            #expect(sections[0] == "5 failures: 80 % timeout; 75 % of them from w-7")
            #expect(
                sections[1] == """
                    KIND          FAILURES  SHARE  FROM
                    timeout              4   80 %  w-7 75 %, w-8 25 %
                    http_503\u{fffd}[2J         1   20 %  w-8
                    """
            )
            #expect(
                sections[2] == """
                    REPORTER  FAILURES  SHARE
                    w-7              3   60 %
                    w-8              2   40 %
                    """
            )
            #expect(sections[3].hasPrefix("AGO  KIND") || sections[3].hasPrefix(" AGO  KIND"), "\(sections[3])")
            #expect(!result.output.contains("\u{1b}"))
            let json = try await Program.fusebox.run("failures", "a", "--json", "--url", server.url)
            let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            #expect((document?["failures"] as? [Any])?.count == 3)
            #expect((document?["summary"] as? [String: Any])?["failures"] as? Int == 5)
        }

        @Test("The transitions command and the show command list the last transitions")
        func transitions() async throws {
            let server = try await startServer()
            defer { server.child.kill() }
            let result = try await Program.fusebox.run("transitions", "a", "--url", server.url)
            #expect(result.code == 0, "\(result)")
            let lines = result.output.split(separator: "\n")
            #expect(lines.count == 2, "\(result.output)")
            #expect(lines.last?.contains("5 consecutive failures") == true, "\(result.output)")
            let page = try await Program.fusebox.run("show", "a", "--url", server.url)
            #expect(page.output.contains("Last transitions"), "\(page)")
            #expect(page.output.contains("not closed since"), "\(page)")
            let json = try await Program.fusebox.run("transitions", "a", "--json", "--url", server.url)
            let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            #expect((document?["transitions"] as? [Any])?.count == 1)
        }

        @Test("The list command says for how long a breaker is not closed, if that is longer than its time in state")
        func outage() async throws {
            let server = try await startServer()
            defer { server.child.kill() }
            let opened = try await Program.fusebox.run("list", "--url", server.url)
            #expect(opened.output.contains("5 consecutive failures"), "\(opened)")
            #expect(!opened.output.contains("not closed for"), "\(opened)")
            let reset = try await Program.fusebox.run("reset", "a", "--to", "half_open", "--url", server.url)
            #expect(reset.code == 0, "\(reset)")
            let probing = try await Program.fusebox.run("list", "--url", server.url)
            #expect(probing.output.contains("not closed for"), "\(probing)")
        }
    }
}

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
