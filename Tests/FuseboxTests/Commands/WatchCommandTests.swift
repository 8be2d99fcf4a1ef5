import EngineSupport
import Foundation
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct WatchCommandTests {
        private let folder: TemporaryFolder
        private var database: String { folder.path("fusebox.db") }

        init() throws {
            folder = try TemporaryFolder()
        }

        private func watch(
            _ url: String,
            _ options: String...,
            terminal: Terminal? = nil
        ) throws -> ChildProcess {
            try ChildProcess(
                .fusebox,
                ["watch", "--url", url] + options,
                environment: ["TERM": "xterm", "NO_COLOR": "1"],
                terminal: terminal
            )
        }

        /// The revisions of the printed changes, one on each line.
        private func revisions(_ output: String) -> [Int] {
            output.split(separator: "\n").compactMap { line in
                (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["revision"] as? Int
            }
        }

        @Test(
            "In a pipe the watch command prints one line for each change, limited by its filter",
            .timeLimit(.minutes(2))
        )
        func lines() async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            try await server.wire.putPolicy(#"{"policy":{"failure_threshold":1}}"#, of: "payments")
            let (all, some) = (try watch(server.url), try watch(server.url, "--prefix", "mail"))
            defer { for child in [all, some] { child.kill() } }
            // Before both commands follow the stream, they print nothing.
            var probes = 0
            try await eventually("both follow") {
                probes += 1
                try await server.wire.putPolicy(#"{"policy":{}}"#, of: "mail:\(probes)")
                return !all.standardOutput.isEmpty && !some.standardOutput.isEmpty
            }
            _ = try await server.wire.fail("payments", detail: "no answer")
            try await eventually("the trip is printed") {
                all.standardOutput.contains("  payments  closed → open  1 c")
            }
            try await server.wire.putPolicy(#"{"policy":{}}"#, of: "mail:last")
            try await eventually("the last change is printed") { some.standardOutput.contains("mail:last") }
            #expect(!some.standardOutput.contains("payments"), "\(some.standardOutput)")
            for child in [all, some] {
                child.signal(SIGINT)
                try await child.waitUntilEnd()
                #expect(child.endingSignal == SIGINT)
                #expect(child.standardError == "")
            }
        }

        @Test("The watch command misses and repeats no change after a kill -9 of the server", .timeLimit(.minutes(2)))
        func resume() async throws {
            let first = try await ServerProcess.start(database: database)
            defer { first.child.kill() }
            let port = try #require(URL(string: first.url)?.port)
            let child = try watch(first.url, "--json")
            defer { child.kill() }
            try await eventually("the stream begins") { child.standardOutput.contains(#""type":"resync""#) }
            try await first.wire.putPolicy(#"{"policy":{}}"#, of: "heard")
            try await eventually("a change is printed") { child.standardOutput.contains("heard") }
            first.child.kill()
            try await eventually("the absence of the server is printed") { !child.standardError.isEmpty }
            // These changes happen before the server returns.
            let other = try await ServerProcess.start(database: database)
            for name in ["a", "b"] { try await other.wire.putPolicy(#"{"policy":{}}"#, of: "unheard-\(name)") }
            try await other.stop()
            let again = try await ServerProcess.start(
                database: database,
                options: ["--listen", "127.0.0.1:\(port)"]
            )
            defer { again.child.kill() }
            try await again.wire.putPolicy(#"{"policy":{}}"#, of: "last")
            try await eventually("the last change is printed") { child.standardOutput.contains(#""last""#) }
            #expect(revisions(child.standardOutput) == [0, 1, 2, 3, 4])
            let complaint = try JSONSerialization.jsonObject(with: Data(child.standardError.utf8)) as? [String: Any]
            #expect(complaint?["code"] as? String == "unreachable")
        }

        @Test(
            "On a terminal the watch command updates its list, and Ctrl-C restores the terminal",
            .timeLimit(.minutes(2))
        )
        func terminal() async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            try await server.wire.putPolicy(#"{"policy":{"failure_threshold":1}}"#, of: "payments")
            let terminal = try Terminal()
            let child = try watch(server.url, terminal: terminal)
            defer { child.kill() }
            var screen = ""
            func shows(_ text: String) async throws {
                try await eventually("the screen shows \(text)") {
                    screen += terminal.read()
                    return screen.contains(text)
                }
            }
            try await shows("● live")
            try await shows("○ closed  payments")
            _ = try await server.wire.fail("payments", detail: "no answer")
            try await shows("● open  payments")
            try await shows("  payments  closed → open  1 consecutive failure")
            server.child.kill()
            try await shows("○ stale for ")
            child.signal(SIGINT)
            try await shows("\u{1b}[?1049l")
            try await child.waitUntilEnd()
            #expect(child.endingSignal == SIGINT)
            #expect(screen.components(separatedBy: "\u{1b}[?1049h").count == 2)
            #expect(screen.hasSuffix("\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l"))
        }

        @Test("The watch command fails if the server is away at the start or the breaker does not exist")
        func start() async throws {
            let away = try await Program.fusebox.run("watch", "--url", "http://127.0.0.1:1")
            #expect(away.code == 1)
            #expect(away.errors == "Error: http://127.0.0.1:1 cannot be reached: nothing listens there\n")
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            let unknown = try await Program.fusebox.run("watch", "unknown", "--url", server.url)
            #expect(unknown.code == 1)
            #expect(unknown.errors.contains("404 unknown_breaker"), "\(unknown.errors)")
        }
    }
}
