import EngineSupport
import Foundation
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct RunCommandTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func run(_ words: String..., on url: String) async throws -> CommandResult {
            try await Program.fusebox.run(["run", "--url", url] + words)
        }

        @Test("A command that fails trips its breaker, and is then refused with 75 and not run")
        func trip() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            try await server.wire.putPolicy(#"{"policy":{"failure_threshold":2}}"#, of: "billing")
            let marks = folder.path("marks")
            let command = ["billing", "--", "/bin/sh", "-c", "echo ran >> \(marks); exit 3"]
            for _ in 0..<2 {
                let result = try await Program.fusebox.run(
                    ["run", "--url", server.url, "--reporter", "cron"] + command
                )
                #expect(result.code == 3)
                #expect(result.errors == "")
            }
            let refused = try await Program.fusebox.run(["run", "--url", server.url] + command)
            #expect(refused.code == 75)
            #expect(
                refused.errors.hasPrefix("fusebox: the command was not run: billing is denied, open; ask again in ")
            )
            #expect(try String(contentsOfFile: marks, encoding: .utf8) == "ran\nran\n")
            let failures = try await server.wire.get("/v1/breakers/billing/failures").rows("failures")
            #expect(failures.map { $0["kind"] as? String } == ["exit_3", "exit_3"])
            #expect(failures.map { $0["reporter"] as? String } == ["cron", "cron"])
        }

        @Test(
            "A command's exit code is passed on, and says what is reported",
            arguments: [
                ("exit 0", 0, 0), ("exit 7", 7, 1), ("kill -9 $$", 137, 1), ("exit 9", 9, 0),
            ] as [(String, Int32, Int)]
        )
        func exitCode(script: String, code: Int32, failures: Int) async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let result = try await run("--ignore-exit", "9", "mail", "--", "/bin/sh", "-c", script, on: server.url)
            #expect(result.code == code, "\(result)")
            let breaker = try await server.wire.get("/v1/breakers/mail")
            #expect(breaker.number("counts", "consecutive_failures") == failures)
        }

        @Test("The command has the standard streams, and options behind -- are its own")
        func streams() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let script = #"echo "$@"; echo told >&2"#
            let result = try await run("mail", "--", "/bin/sh", "-c", script, "sh", "--json", on: server.url)
            #expect(result.code == 0)
            #expect(result.output == "--json\n")
            #expect(result.errors == "told\n")
        }

        @Test("A command that is not there is 127, and no failure of the downstream")
        func absent() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let result = try await run("mail", "--", "/nowhere/command", on: server.url)
            #expect(result.code == 127)
            #expect(result.errors.hasPrefix("fusebox: /nowhere/command cannot be run: "), "\(result.errors)")
            let breaker = try await server.wire.get("/v1/breakers/mail")
            #expect(breaker.number("counts", "consecutive_failures") == 0)
        }

        @Test("Where no server is, the command runs, or is refused where that is asked for")
        func unreachable() async throws {
            let url = "http://127.0.0.1:1"
            let ran = try await run("mail", "--", "/bin/sh", "-c", "echo ran", on: url)
            #expect(ran.code == 0)
            #expect(ran.output == "ran\n")
            #expect(ran.errors.contains("no decision on mail: \(url) cannot be reached"), "\(ran.errors)")
            let refused = try await run("--unreachable", "deny", "mail", "--", "/bin/sh", "-c", "echo ran", on: url)
            #expect(refused.code == 75)
            #expect(refused.output == "")
        }
    }
}
