import BreakerAPI
import BreakerSQLite
import EngineSupport
import Foundation
import NIOHTTP1
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct CommandTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("Both version and --version print the version")
        func version() async throws {
            let command = try await Program.fusebox.run("version")
            #expect(command.output == "fusebox \(BuildVersion.current)\n")
            #expect(command.code == 0)
            #expect(try await Program.fusebox.run("--version").output == "\(BuildVersion.current)\n")
        }

        @Test("Without a command the program lists its commands, except for the demo's workers")
        func help() async throws {
            let result = try await Program.fusebox.run()
            for command in ["serve", "health", "backup", "token", "demo", "version"] {
                #expect(result.output.contains("\n  \(command) "), "\(result.output)")
            }
            #expect(!result.output.contains("demo-worker"))
        }

        // MARK: Tokens

        @Test("A server accepts a created token once its line is in the tokens file, and logs no secret")
        func token() async throws {
            let (all, some) = (try await newToken("ops"), try await newToken("web", role: "worker", prefix: "web:"))
            #expect(all.secret.hasPrefix("fbx_") && all.secret.count == 68)
            #expect(all.line.hasPrefix("ops operator sha256:"))
            #expect(some.line.hasPrefix("web worker web: sha256:"))
            #expect(!all.line.contains(all.secret.dropFirst(4)))
            let path = folder.path("tokens")
            try Data("# who may\n\(all.line)\(some.line)".utf8).write(to: URL(fileURLWithPath: path))
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--tokens", path, "--log-level", "trace"]
            )
            defer { server.child.kill() }
            let (ops, web) = (Wire(url: server.url, token: all.secret), Wire(url: server.url, token: some.secret))
            #expect(try await server.wire.acquire("web:cart").status == 401)
            #expect(try await Wire(url: server.url, token: all.secret + "0").acquire("web:cart").status == 401)
            #expect(try await web.acquire("web:cart").flag("allowed") == true)
            #expect(try await web.acquire("mail").status == 403)
            #expect(try await web.send(.DELETE, "/v1/breakers/web:cart").status == 403)
            #expect(try await ops.send(.PUT, "/v1/breakers/mail", #"{"preset":"slow"}"#).status == 201)
            try await server.stop()
            #expect(!server.log.isEmpty)
            for secret in [all.secret, some.secret] {
                #expect(!server.log.contains(secret.dropFirst(4)))
                #expect(!server.child.standardOutput.contains(secret.dropFirst(4)))
            }
        }

        @Test(
            "The token command refuses to create an invalid token",
            arguments: [
                (["--name", "two words", "--role", "worker"], "--name must be 1 to 128 characters of"),
                (["--name", "a", "--role", "boss"], "--role must be worker, viewer or operator, not boss"),
                (
                    ["--name", "a", "--role", "worker", "--prefix=-x"],
                    "--prefix must be the beginning of a breaker's name, not -x"
                ),
                (["--role", "worker"], "Missing expected argument '--name <name>'"),
            ]
        )
        func badToken(options: [String], complaint: String) async throws {
            let result = try await Program.fusebox.run(["token", "new"] + options)
            #expect(result.code == 64)
            #expect(result.errors.contains(complaint), "\(result.errors)")
            #expect(result.output.isEmpty)
        }

        // MARK: Health

        @Test("The health command exits with 0 if the server is ready, however its address is given")
        func healthy() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let port = try #require(URL(string: server.url)?.port)
            for result in [
                try await Program.fusebox.run("health", "--url", server.url),
                try await Program.fusebox.run("health", environment: ["FUSEBOX_URL": server.url + "/"]),
                try await Program.fusebox.run("health", environment: ["FUSEBOX_LISTEN": "0.0.0.0:\(port)"]),
                try await Program.fusebox.run(
                    "health",
                    "--url",
                    server.url,
                    environment: ["FUSEBOX_URL": "http://127.0.0.1:1"]
                ),
            ] {
                #expect(result.code == 0, "\(result)")
                #expect(result.output == "ready\n")
            }
        }

        @Test("The health command exits with 1 and a message if no server listens")
        func unhealthy() async throws {
            let result = try await Program.fusebox.run("health", "--url", "http://127.0.0.1:1")
            #expect(result.code == 1)
            #expect(result.output.isEmpty)
            #expect(result.errors == "Error: http://127.0.0.1:1 cannot be reached: nothing listens there\n")
            #expect(try await Program.fusebox.run("health", "--url", "nonsense").code == 1)
        }
    }
}
