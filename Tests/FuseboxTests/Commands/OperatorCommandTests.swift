import EngineSupport
import Foundation
import NIOHTTP1
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct OperatorCommandTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("The check command exits with 0 if a call is allowed, 1 if it is denied, and 2 without a decision")
        func check() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            try await server.wire.putPolicy(#"{"policy":{"failure_threshold":1}}"#, of: "payments")
            let allowed = try await Program.fusebox.run("check", "payments", "--url", server.url)
            #expect(allowed.code == 0)
            #expect(allowed.output == "payments: allowed, closed\n")
            #expect(try await server.wire.fail("payments").text("state") == "open")
            let denied = try await Program.fusebox.run("check", "payments", "--url", server.url)
            #expect(denied.code == 1)
            #expect(denied.output.hasPrefix("payments: denied, open; retry in "), "\(denied.output)")
            #expect(denied.errors == "")
            let away = try await Program.fusebox.run("check", "payments", "--url", "http://127.0.0.1:1")
            #expect(away.code == 2)
            #expect(away.output == "")
            #expect(away.errors == "Error: http://127.0.0.1:1 cannot be reached: nothing listens there\n")
        }

        @Test("The check command creates no breaker, allows an unknown name, and warns with similar names")
        func unknownName() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            for name in ["payment", "payments", "search"] { _ = try await server.wire.acquire(name) }
            let mistyped = try await Program.fusebox.run("check", "paymnets", "--url", server.url)
            #expect(mistyped.code == 0)
            #expect(mistyped.output == "paymnets: allowed, closed\n")
            #expect(
                mistyped.errors == "warning: there is no breaker paymnets; similar names: payments; "
                    + "the first acquire by a worker creates it, closed\n"
            )
            #expect(try await server.wire.get("/v1/breakers/paymnets").status == 404)
            let document = try await Program.fusebox.run("check", "other", "--json", "--url", server.url)
            #expect(document.code == 0)
            #expect(document.output.contains(#""allowed":true"#) || document.output.contains(#""allowed": true"#))
        }

        @Test("The check command gives back a probe that it is granted")
        func probe() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            _ = try await server.wire.acquire("payments")
            _ = try await server.wire.send(.POST, "/v1/breakers/payments/reset?to=half_open")
            let result = try await Program.fusebox.run("check", "payments", "--url", server.url)
            #expect(result.code == 0)
            #expect(result.output == "payments: allowed, half_open; the probe was given back\n")
            #expect(try await server.wire.get("/v1/breakers/payments").number("probes", "in_flight") == 0)
        }

        @Test("A deletion by prefix says how many breakers it would delete, and deletes them only with a confirmation")
        func deletion() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            for name in ["tmp:a", "tmp:b", "payments"] { _ = try await server.wire.acquire(name) }
            let unconfirmed = try await Program.fusebox.run("delete", "--prefix", "tmp:", "--url", server.url)
            #expect(unconfirmed.code == 1)
            #expect(unconfirmed.errors == "Delete 2 breakers whose names begin with tmp:? [y/N] ")
            let deleted = try await Program.fusebox.run("delete", "--prefix", "tmp:", "--yes", "--url", server.url)
            #expect(deleted.code == 0)
            #expect(deleted.output == "2 breakers deleted\n")
            let one = try await Program.fusebox.run("delete", "payments", "--yes", "--json", "--url", server.url)
            #expect(one.output == "{\"deleted\":1}\n")
            #expect(try await Program.fusebox.run("delete", "--url", server.url).code == 64)
            #expect(try await Program.fusebox.run("delete", "--prefix", "", "--url", server.url).code == 64)
        }

        @Test(
            "A deletion by prefix is confirmed by y or yes, in upper or lower case, and by no other answer",
            .timeLimit(.minutes(2)),
            arguments: [("y\n", true), ("YES\n", true), ("n\n", false), ("\n", false), ("yesterday\n", false)]
        )
        func confirmation(answer: String, isConfirmed: Bool) async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            for name in ["tmp:a", "tmp:b", "payments"] { _ = try await server.wire.acquire(name) }
            let result = try await Program.fusebox.run(
                ["delete", "--prefix", "tmp:", "--url", server.url],
                input: answer
            )
            #expect(result.code == (isConfirmed ? 0 : 1))
            #expect(result.output == (isConfirmed ? "2 breakers deleted\n" : ""))
            #expect(result.errors == "Delete 2 breakers whose names begin with tmp:? [y/N] ")
            let rest = try await server.wire.get("/v1/breakers").rows("breakers").map { $0["name"] as? String }
            #expect(rest == (isConfirmed ? ["payments"] : ["payments", "tmp:a", "tmp:b"]))
        }

        @Test(
            "A deletion of one breaker deletes it only with a confirmation",
            arguments: [("y\n", true), ("\n", false)]
        )
        func confirmationOfOne(answer: String, isConfirmed: Bool) async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            _ = try await server.wire.acquire("payments")
            let result = try await Program.fusebox.run(["delete", "payments", "--url", server.url], input: answer)
            #expect(result.code == (isConfirmed ? 0 : 1))
            #expect(result.output == (isConfirmed ? "1 breaker deleted\n" : ""))
            #expect(result.errors == "Delete the breaker payments? [y/N] ")
            #expect(try await server.wire.get("/v1/breakers/payments").status == (isConfirmed ? 404 : 200))
        }

        @Test(
            "The question of each confirmation begins with the server's name",
            arguments: [
                (["delete", "payments"], "Delete the breaker payments?"),
                (["delete", "--prefix", "pay"], "Delete 1 breaker whose names begin with pay?"),
                (
                    ["force-open", "--prefix", "pay", "--reason", "drill"],
                    "Set force_open for 1 breaker whose names begin with pay?"
                ),
            ]
        )
        func namedServer(arguments: [String], question: String) async throws {
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--name", "production", "--colour", "red"]
            )
            defer { server.child.kill() }
            _ = try await server.wire.acquire("payments")
            let result = try await Program.fusebox.run(arguments + ["--url", server.url], input: "n\n")
            #expect(result.code == 1)
            #expect(result.errors == "production: \(question) [y/N] ")
        }

        @Test(
            "On a terminal, a list and a breaker's page begin with the server's name, and elsewhere they do not have it",
            arguments: [["list"], ["show", "payments"]]
        )
        func nameOnTerminal(command: [String]) async throws {
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--name", "production"]
            )
            defer { server.child.kill() }
            _ = try await server.wire.acquire("payments")
            let arguments = command + ["--url", server.url]
            let terminal = try Terminal()
            let child = try ChildProcess(
                .fusebox,
                arguments,
                environment: ["NO_COLOR": "1", "TERM": "xterm"],
                terminal: terminal
            )
            var shown = ""
            try await eventually("\(command) ends") {
                shown += terminal.read()
                return !child.isRunning
            }
            shown += terminal.read()
            #expect(child.exitCode == 0, "\(child.standardError)")
            #expect(shown.hasPrefix("production\r\n"), "\(shown.debugDescription)")
            let piped = try await Program.fusebox.run(arguments)
            #expect(piped.code == 0 && !piped.output.contains("production"), "\(piped)")
        }

        @Test("An override by prefix asks for confirmation, and overrides only the breakers with that prefix")
        func overrideByPrefix() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            for name in ["tmp:a", "tmp:b", "payments"] { _ = try await server.wire.acquire(name) }
            let order = ["force-open", "--prefix", "tmp:", "--reason", "drill", "--url", server.url]
            let unconfirmed = try await Program.fusebox.run(order)
            #expect(unconfirmed.code == 1)
            #expect(unconfirmed.errors == "Set force_open for 2 breakers whose names begin with tmp:? [y/N] ")
            #expect(try await server.wire.acquire("tmp:a").flag("allowed") == true)
            let done = try await Program.fusebox.run(order + ["--yes"])
            #expect(done.code == 0)
            #expect(done.output == "2 breakers overridden\n")
            for (name, isAllowed) in [("tmp:a", false), ("tmp:b", false), ("payments", true)] {
                #expect(try await server.wire.acquire(name).flag("allowed") == isAllowed)
            }
        }

        @Test("With --json a refusal is printed as the server's problem document")
        func problem() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let result = try await Program.fusebox.run("list", "--state", "broken", "--json", "--url", server.url)
            #expect(result.code == 1)
            #expect(result.output == "")
            let reply = try await server.wire.get("/v1/breakers?state=broken")
            let document = try JSONSerialization.jsonObject(with: Data(result.errors.utf8)) as? [String: Any]
            #expect(document?["status"] as? Int == 400)
            #expect(document?["code"] as? String == reply.text("code"))
            #expect(document?["detail"] as? String == reply.text("detail"))
            #expect((document?["detail"] as? String)?.contains("state") == true, "\(result.errors)")
        }

        @Test("The show command prints the server's explanation, the policy and the failures")
        func show() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            try await server.wire.putPolicy(#"{"policy":{"failure_threshold":1}}"#, of: "payments")
            #expect(try await server.wire.fail("payments", detail: "no answer").text("state") == "open")
            let text = try #require(try await server.wire.get("/v1/breakers/payments/explain").text("text"))
            let result = try await Program.fusebox.run("show", "payments", "--url", server.url)
            #expect(result.code == 0, "\(result)")
            // Seconds may pass between the two requests, so only the first sentence is compared.
            let first = try #require(text.split(separator: ".").first)
            #expect(result.output.contains(first), "\(result.output)")
            #expect(result.output.contains("no answer"))
            #expect(result.output.contains("Policy (api)"))
            let unknown = try await Program.fusebox.run("show", "unknown", "--url", server.url)
            #expect(unknown.code == 1)
            #expect(unknown.errors.contains("404 unknown_breaker"), "\(unknown.errors)")
        }

        @Test("With --json the show command includes the explanation in the breaker")
        func showJSON() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            _ = try await server.wire.acquire("payments")
            let result = try await Program.fusebox.run("show", "payments", "--json", "--url", server.url)
            #expect(result.code == 0, "\(result)")
            let document = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
            #expect(document?["state"] as? String == "closed")
            let explanation = document?["explanation"] as? [String: Any]
            #expect((explanation?["text"] as? String)?.hasPrefix("payments has been closed since ") == true)
        }

        @Test("An override lasts for the given time, or until the clear command ends it")
        func override() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            _ = try await server.wire.acquire("payments")
            let open = try await Program.fusebox.run(
                ["force-open", "payments", "--reason", "maintenance", "--for", "30m", "--url", server.url]
            )
            #expect(open.code == 0, "\(open)")
            #expect(open.output.contains("force_open"), "\(open.output)")
            #expect(open.output.contains("(30 min): maintenance"), "\(open.output)")
            #expect(try await server.wire.acquire("payments").flag("allowed") == false)
            let list = try await Program.fusebox.run("list", "--override", "any", "--url", server.url)
            #expect(list.output.contains("payments") && list.output.contains("maintenance"), "\(list.output)")
            let cleared = try await Program.fusebox.run("clear", "payments", "--url", server.url)
            #expect(cleared.output.hasPrefix("payments: half_open, automatic"), "\(cleared.output)")
            let reset = try await Program.fusebox.run("reset", "payments", "--url", server.url)
            #expect(reset.output == "payments: closed, automatic\n")
        }

        @Test(
            "An earlier name of a command does what the command does, and names it on standard error",
            .timeLimit(.minutes(2)),
            arguments: [
                (["open", "payments", "--reason", "drill"], "force_open", "force-open"),
                (["close", "payments", "--reason", "drill"], "force_closed", "force-closed"),
                (["auto", "payments"], "automatic", "clear"),
            ]
        )
        func earlierNames(arguments: [String], words: String, command: String) async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            _ = try await server.wire.acquire("payments")
            let result = try await Program.fusebox.run(arguments + ["--url", server.url])
            #expect(result.code == 0, "\(result)")
            #expect(result.output.contains(words), "\(result.output)")
            #expect(result.errors == "fusebox \(arguments[0]) is an earlier name of fusebox \(command)\n")
        }

        @Test("A contexts file is refused if every user may write it, or if it has a token and every user may read it")
        func contexts() async throws {
            let path = folder.path("contexts.yaml")
            let (token, tokens) = (try await newToken("ops"), folder.path("tokens"))
            try Data(token.line.utf8).write(to: URL(fileURLWithPath: tokens))
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--tokens", tokens]
            )
            defer { server.child.kill() }
            let text = "current: here\ncontexts:\n  here: { url: \"\(server.url)\", token: \(token.secret) }\n"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            for (mode, code) in [(0o644, 1), (0o600, 0)] as [(Int, Int32)] {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
                let result = try await Program.fusebox.run(["list"], environment: ["FUSEBOX_CONTEXTS": path])
                #expect(result.code == code, "\(result)")
                let error = "\(path) contains a token, and every user may read it; run chmod 600 \(path)"
                #expect(result.errors == (code == 0 ? "There are no breakers.\n" : "Error: \(error)\n"))
            }
            try Data("contexts: { here: { url: \"\(server.url)\" } }\n".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o646], ofItemAtPath: path)
            let writable = try await Program.fusebox.run(
                ["list", "--context", "here"],
                environment: ["FUSEBOX_CONTEXTS": path, "FUSEBOX_TOKEN": token.secret]
            )
            #expect(writable.code == 1 && writable.errors.contains("run: chmod o-w \(path)"), "\(writable)")
        }
    }
}
