import EngineSupport
import Foundation
import NIOHTTP1
import TestSupport
import Testing

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
    }
}
