import EngineSupport
import Foundation
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct ServeCommandTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func serve(
            _ options: String...,
            environment: [String: String] = [:]
        ) async throws -> CommandResult {
            try await Program.fusebox.run(
                ["serve", "--db", folder.path("fusebox.db")] + options,
                environment: environment
            )
        }

        @Test("In a pipe the server prints its address, with the port that it has picked")
        func port() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            #expect(server.child.standardOutput == "listening on \(server.url)\n")
            #expect(try #require(URL(string: server.url)?.port) > 0)
            #expect(try await server.wire.get("/readyz").text("status") == "ready")
        }

        @Test("A public address without tokens is refused before any file is created")
        func exposure() async throws {
            let result = try await serve("--listen", "0.0.0.0:0")
            #expect(result.code == 1)
            #expect(result.errors.contains("0.0.0.0:0 can be reached from other machines, and there are no tokens"))
            #expect(result.errors.contains("--tokens"))
            #expect(result.errors.contains("--insecure"))
            #expect(!FileManager.default.fileExists(atPath: folder.path("fusebox.db")))
        }

        @Test("A port that is in use is reported")
        func portInUse() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let address = server.url.replacing("http://", with: "")
            let result = try await Program.fusebox.run("serve", "--listen", address, "--db", folder.path("other.db"))
            #expect(result.code == 1)
            #expect(result.errors == "Error: cannot listen on \(address): another process listens there\n")
        }

        @Test("A host name that cannot be resolved is reported")
        func unknownHost() async throws {
            let result = try await serve("--listen", "nowhere.invalid:0", "--insecure")
            #expect(result.code == 1)
            #expect(result.errors.hasPrefix("Error: cannot listen on nowhere.invalid:0: "), "\(result.errors)")
        }

        @Test("An invalid setting is reported with its source")
        func origin() async throws {
            let levels = "must be trace, debug, info, notice, warning, error, critical, not \"loud\"\n"
            let option = try await serve("--log-level", "loud")
            #expect(option.errors == "Error: --log-level \(levels)")
            let variable = try await serve(environment: ["FUSEBOX_LOG_LEVEL": "loud"])
            #expect(variable.errors == "Error: FUSEBOX_LOG_LEVEL \(levels)")
            let path = folder.path("f.yaml")
            try Data("\nserver:\n  log_level: loud\n".utf8).write(to: URL(fileURLWithPath: path))
            let file = try await serve("--config", path)
            #expect(file.errors == "Error: \(path):3: server.log_level \(levels)")
            #expect([option.code, variable.code, file.code] == [1, 1, 1])
        }

        @Test("A server does not start if its tokens file cannot be read or has a mistake")
        func tokens() async throws {
            let path = folder.path("tokens")
            let absent = try await serve("--tokens", path)
            #expect(absent.code == 1)
            #expect(absent.errors.hasPrefix("Error: \(path) cannot be read: "), "\(absent.errors)")
            try Data("ops boss sha256:00\n".utf8).write(to: URL(fileURLWithPath: path))
            let faulty = try await serve("--tokens", path)
            #expect(faulty.code == 1)
            let expected = "Error: \(path):1: the role must be worker, viewer or operator, not boss\n"
            #expect(faulty.errors.hasSuffix(expected), "\(faulty.errors)")
        }

        @Test("An option takes precedence over the environment, and the environment over the file")
        func precedence() async throws {
            let path = folder.path("f.yaml")
            try Data("server: {db: \(folder.path("file.db")), listen: 127.0.0.1:0}\n".utf8)
                .write(to: URL(fileURLWithPath: path))
            func start(_ options: [String], environment: [String: String]) async throws {
                let child = try ChildProcess(
                    .fusebox,
                    ["serve", "--config", path] + options,
                    environment: environment,
                    currentFolder: folder.path
                )
                defer { child.kill() }
                try await eventually("it listens") { child.standardOutput.hasPrefix("listening on http://127.0.0.1:") }
            }
            func made(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.path(name)) }
            try await start([], environment: [:])
            #expect(made("file.db"))
            try await start([], environment: ["FUSEBOX_DB": "environment.db"])
            #expect(made("environment.db"))
            try await start(["--db", "option.db"], environment: ["FUSEBOX_DB": "nowhere/environment.db"])
            #expect(made("option.db"))
        }

        @Test("On a terminal the server prints a banner of less than ten lines with the first steps")
        func banner() async throws {
            let text = try await banner("--listen", "127.0.0.1:0")
            #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count < 10)
            #expect(text.contains("http://127.0.0.1:"))
            #expect(text.contains(folder.path("fusebox.db")))
            #expect(text.contains("curl -X POST http://127.0.0.1:"))
            #expect(text.contains("any user of this machine may do everything"))
        }

        @Test("The banner of an insecure server says that every client may do everything")
        func insecureBanner() async throws {
            let text = try await banner("--listen", "0.0.0.0:0", "--insecure")
            #expect(text.contains("any client that reaches the port may do everything"), "\(text)")
            #expect(!text.contains("any user of this machine"))
        }

        private func banner(_ options: String...) async throws -> String {
            let terminal = try Terminal()
            let child = try ChildProcess(
                .fusebox,
                ["serve", "--db", folder.path("fusebox.db")] + options,
                terminal: terminal
            )
            defer { child.kill() }
            var text = ""
            try await eventually("the banner is whole") {
                text += terminal.read()
                return text.contains("/acquire")
            }
            return text.replacing("\r\n", with: "\n")
        }
    }
}
