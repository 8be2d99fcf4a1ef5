import EngineSupport
import Foundation
import TestSupport
import Testing

@testable import fusebox

extension ProcessTests {
    @Suite struct DemoTests {
        @Test(
            "The demo ends within a minute, and its breaker opens, probes one call at a time and closes",
            .enabled(if: runsSlowTests, "set FUSEBOX_SLOW_TESTS=1"),
            .timeLimit(.minutes(2))
        )
        func demo() async throws {
            let folder = try TemporaryFolder()
            let result = try await Program.fusebox.run(
                "demo",
                environment: ["TMPDIR": folder.path],
                within: 60
            )
            print(result.output)
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.errors.isEmpty, "\(result.errors)")
            #expect(result.output.contains(/detected  \d\.\d s after the provider died: 5 consecutive failures/))
            #expect(result.output.contains(/probes    \d+ in total, at most 1 at once, from 8 workers/))
            #expect(result.output.contains(/recovered \d\.\d s after the provider came back/))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        }

        @Test("Control characters in a report to the demo's breaker do not reach the terminal")
        func hostileCause() throws {
            var summary = DemoSummary()
            for (state, elapsed) in [("closed", 0.0), ("open", 1.0), ("closed", 2.0)] {
                summary.see(state: state, detail: "\u{1b}[2J\u{9b}31m", tally: DemoTally(), elapsed: elapsed)
            }
            let text = try #require(summary.text(workers: 1, downstream: DemoDownstream.Counts()))
            #expect(!text.contains("\u{1b}") && !text.contains("\u{9b}"), "\(text.debugDescription)")
        }

        @Test("An interrupted demo removes its workers and its files", .timeLimit(.minutes(1)))
        func interruption() async throws {
            let folder = try TemporaryFolder()
            let demo = try ChildProcess(
                .fusebox,
                ["demo", "--workers", "2"],
                environment: ["TMPDIR": folder.path],
                limit: 30
            )
            defer { demo.kill() }
            try await eventually("its workers work") {
                let calls = demo.standardOutput.split(separator: "\n").last?.split(separator: " ").dropFirst(3).first
                return calls.flatMap { Int($0) } ?? 0 > 0
            }
            let workers = try Self.children(of: demo.pid)
            #expect(workers.count == 2)
            demo.signal(SIGINT)
            try await demo.waitUntilEnd(within: 10)
            #expect(demo.exitCode == 130)
            #expect(demo.standardError.isEmpty, "\(demo.standardError)")
            #expect(workers.allSatisfy { Foundation.kill($0, 0) != 0 })
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        }

        private static func children(of pid: Int32) throws -> [Int32] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").flatMap { thread in
                try String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)
                    .split(separator: " ").compactMap { Int32($0) }
            }
        }
    }

    @Suite struct DemoTallyTests {
        @Test("A worker's line is parsed as it was written", arguments: ["1 2 3 4\n", "0 0 0 0\n"])
        func line(text: String) throws {
            #expect(try #require(DemoTally(line: text.dropLast())).line == text)
        }

        @Test(
            "An incomplete or invalid worker's line is refused",
            arguments: ["", "1", "1 2 3", "1 2 3 x", "1 2 3 4 5"]
        )
        func half(text: String) {
            #expect(DemoTally(line: text) == nil)
        }
    }
}
