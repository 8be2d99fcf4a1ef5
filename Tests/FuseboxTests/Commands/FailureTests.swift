import EngineSupport
import Foundation
import NIOHTTP1
import TestSupport
import Testing

extension ProcessTests {
    /// An error is reported on standard error by any command, and the exit code is not 0.
    @Suite struct FailureTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        /// Each command that sends a request to a server, with its required arguments.
        private static let commands = [
            ["list"], ["show", "a"], ["watch"], ["watch", "a"], ["history", "a"], ["failures", "a"], ["audit"],
            ["transitions", "a"], ["force-open", "a", "--reason", "x"], ["force-closed", "a", "--reason", "x"],
            ["shadow", "a", "--reason", "x"], ["clear", "a"], ["reset", "a"], ["export"], ["check", "a"],
        ]

        @Test("Every command reports an absent server, with --json as a problem document", arguments: commands)
        func away(command: [String]) async throws {
            let code: Int32 = command[0] == "check" ? 2 : 1
            let address = ["--url", "http://127.0.0.1:1"]
            let plain = try await Program.fusebox.run(command + address)
            #expect(plain.code == code, "\(plain)")
            #expect(plain.output == "")
            #expect(plain.errors == "Error: http://127.0.0.1:1 cannot be reached: nothing listens there\n")
            let json = try await Program.fusebox.run(command + address + ["--json"])
            #expect(json.code == code, "\(json)")
            #expect(json.output == "")
            let document = try JSONSerialization.jsonObject(with: Data(json.errors.utf8)) as? [String: Any]
            #expect(document?["code"] as? String == "unreachable")
        }

        @Test("Every command reports a missing or insufficient token")
        func tokens() async throws {
            let (token, path) = (try await newToken("eye", role: "viewer"), folder.path("tokens"))
            try Data(token.line.utf8).write(to: URL(fileURLWithPath: path))
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--tokens", path]
            )
            defer { server.child.kill() }
            for command in Self.commands {
                let result = try await Program.fusebox.run(command + ["--url", server.url])
                #expect(result.code == (command[0] == "check" ? 2 : 1), "\(result)")
                #expect(result.errors.contains("(401 unauthorized)"), "\(command): \(result.errors)")
            }
            let environment = ["FUSEBOX_TOKEN": token.secret, "FUSEBOX_URL": server.url]
            #expect(try await Program.fusebox.run(["list"], environment: environment).code == 0)
            for command in [["force-open", "a", "--reason", "x"], ["clear", "a"], ["reset", "a"], ["check", "a"]] {
                let result = try await Program.fusebox.run(command, environment: environment)
                #expect(result.errors.contains("(403 forbidden)"), "\(command): \(result.errors)")
            }
        }

        @Test(
            "A URL that is not a server's address is reported",
            arguments: ["nonsense", "ftp://127.0.0.1", "http:", "127.0.0.1:7979"]
        )
        func address(url: String) async throws {
            let result = try await Program.fusebox.run("list", "--url", url)
            #expect(result.code == 1)
            #expect(result.errors == "Error: \(url) is not a server's URL; give one such as http://127.0.0.1:7979\n")
        }

        @Test("Control characters from workers, operators or arguments do not reach the terminal")
        func hostile() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let evil = #"\u001b[2J\u009b31m\u202e\r\nrow"#
            let report = """
                {"reports":[{"name":"a","outcome":"failure","kind":"k","reporter":"r","count":5,"detail":"\(evil)"}]}
                """
            _ = try await server.wire.send(.POST, "/v1/reports", report)
            let order = #"{"mode":"shadow","reason":"\#(evil)","expires_in_ms":60000}"#
            #expect(try await server.wire.send(.PUT, "/v1/breakers/a/override", order).status == 200)
            for command in [["list"], ["show", "a"], ["failures", "a"], ["audit"], ["shadow", "a", "--reason", "x"]] {
                for options in [[], ["--json"]] {
                    let terminal = try Terminal()
                    let child = try ChildProcess(
                        .fusebox,
                        command + options + ["--url", server.url],
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
                    #expect(!shown.isEmpty)
                    let steering = shown.replacing("\r\n", with: "").unicodeScalars.filter { scalar in
                        [.control, .format].contains(scalar.properties.generalCategory)
                    }
                    #expect(steering.isEmpty, "\(command + options): \(shown.debugDescription)")
                }
            }
            let name = try await Program.fusebox.run("check", "a\u{1b}[2J", "--url", server.url)
            #expect(name.code == 2 && !name.errors.contains("\u{1b}"), "\(name)")
            let option = try await Program.fusebox.run("list", "--\u{1b}[2J")
            #expect(option.code == 64 && !option.errors.contains("\u{1b}"), "\(option)")
        }
    }
}
