import EngineSupport
import Foundation
import NIOHTTP1
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

        @Test("A failing command trips its breaker; after that it is not run, and the exit code is 75")
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
                refused.errors.hasPrefix("fusebox: the command was not run: billing is denied, open; retry in ")
            )
            #expect(try String(contentsOfFile: marks, encoding: .utf8) == "ran\nran\n")
            let failures = try await server.wire.get("/v1/breakers/billing/failures").rows("failures")
            #expect(failures.map { $0["kind"] as? String } == ["exit_3", "exit_3"])
            #expect(failures.map { $0["reporter"] as? String } == ["cron", "cron"])
        }

        @Test(
            "A command's exit code is passed on, and determines the reported outcome",
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

        @Test("The command does not see the token unless it is passed on", arguments: [false, true])
        func token(isPassed: Bool) async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let options = ["run", "--url", server.url] + (isPassed ? ["--pass-token"] : [])
            let result = try await Program.fusebox.run(
                options + ["mail", "--", "/bin/sh", "-c", "echo ${FUSEBOX_TOKEN-none}"],
                environment: ["FUSEBOX_TOKEN": "fbx_1"]
            )
            #expect(result.output == (isPassed ? "fbx_1\n" : "none\n"), "\(result)")
        }

        @Test("The command has the standard streams, and gets the options after --")
        func streams() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let script = #"echo "$@"; echo told >&2"#
            let result = try await run("mail", "--", "/bin/sh", "-c", script, "sh", "--json", on: server.url)
            #expect(result.code == 0)
            #expect(result.output == "--json\n")
            #expect(result.errors == "told\n")
        }

        @Test("A command that does not exist gives the exit code 127, and is not a failure of the downstream")
        func absent() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let result = try await run("mail", "--", "/nowhere/command", on: server.url)
            #expect(result.code == 127)
            #expect(result.errors.hasPrefix("fusebox: /nowhere/command cannot be run: "), "\(result.errors)")
            let breaker = try await server.wire.get("/v1/breakers/mail")
            #expect(breaker.number("counts", "consecutive_failures") == 0)
        }

        @Test("If no server listens, the command runs, or is refused with --unreachable deny")
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

        /// Starts a command that holds a probe, and waits until it prints that it is ready.
        private func startProbe(_ script: String, on server: ServerProcess) async throws -> ChildProcess {
            _ = try await server.wire.acquire("mail")
            _ = try await server.wire.send(.POST, "/v1/breakers/mail/reset?to=half_open")
            let child = try ChildProcess(
                .fusebox,
                ["run", "--url", server.url, "mail", "--", "/bin/sh", "-c", script]
            )
            try await eventually("the command runs") { child.standardOutput.hasSuffix("ready\n") }
            #expect(try await server.wire.get("/v1/breakers/mail").number("probes", "in_flight") == 1)
            return child
        }

        @Test(
            "A signal is passed on; a command that it ends reports no outcome, and its probe is given back",
            arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT]
        )
        func signal(number: Int32) async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let child = try await startProbe("ulimit -c 0; echo ready; exec sleep 30", on: server)
            defer { child.kill() }
            child.signal(number)
            try await child.waitUntilEnd()
            #expect(child.exitCode == 128 + number)
            let breaker = try await server.wire.get("/v1/breakers/mail")
            #expect(breaker.text("state") == "half_open")
            #expect(breaker.number("probes", "in_flight") == 0)
            #expect(breaker.number("probes", "lost") == 0)
        }

        @Test(
            "A command that survives a signal reports its own outcome",
            arguments: [("exit 0", 0, "closed"), ("exit 4", 4, "half_open")] as [(String, Int32, String)]
        )
        func trapped(end: String, code: Int32, state: String) async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let child = try await startProbe(
                "trap 'echo told; \(end)' TERM; echo ready; while :; do sleep 0.05; done",
                on: server
            )
            defer { child.kill() }
            child.signal(SIGTERM)
            try await child.waitUntilEnd()
            #expect(child.exitCode == code)
            #expect(child.standardOutput == "ready\ntold\n")
            let breaker = try await server.wire.get("/v1/breakers/mail")
            #expect(breaker.text("state") == state)
            #expect(breaker.number("probes", "in_flight") == 0)
        }

        @Test("A command that cannot be started gives its probe back", arguments: [("absent", 127), ("text", 126)])
        func notStarted(name: String, code: Int32) async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            try Data("no program".utf8).write(to: URL(fileURLWithPath: folder.path("text")))
            _ = try await server.wire.acquire("mail")
            _ = try await server.wire.send(.POST, "/v1/breakers/mail/reset?to=half_open")
            let result = try await run("mail", "--", folder.path(name), on: server.url)
            #expect(result.code == code)
            #expect(result.errors.hasPrefix("fusebox: \(folder.path(name)) cannot be run: "), "\(result.errors)")
            let breaker = try await server.wire.get("/v1/breakers/mail")
            #expect(breaker.text("state") == "half_open")
            #expect(breaker.number("probes", "in_flight") == 0)
        }
    }
}
