import EngineSupport
import Foundation
import TestSupport
import Testing

extension ProcessTests {
    /// The setting of the container image: a tokens file that the first start creates.
    @Suite struct InitialTokensTests {
        private let folder: TemporaryFolder
        private var database: String { folder.path("fusebox.db") }
        private var tokens: String { folder.path("tokens") }

        init() throws {
            folder = try TemporaryFolder()
        }

        private func start(options: [String] = []) async throws -> ServerProcess {
            try await ServerProcess.start(
                database: database,
                options: options,
                environment: ["FUSEBOX_DEFAULT_TOKENS": tokens]
            )
        }

        private func secrets(in output: String) -> [String] {
            output.matches(of: /fbx_[0-9a-f]{64}/).map { String($0.0) }
        }

        private func status(of server: ServerProcess, secret: String) async throws -> Int {
            var wire = server.wire
            wire.token = secret
            return try await wire.acquire("payments").status
        }

        @Test("The first start creates an operator's token and prints its secret once", .timeLimit(.minutes(2)))
        func firstStart() async throws {
            let first = try await start()
            defer { first.child.kill() }
            let secret = try #require(secrets(in: first.child.standardOutput).first)
            #expect(secrets(in: first.child.standardOutput + first.log) == [secret])
            let mode = try FileManager.default.attributesOfItem(atPath: tokens)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try await first.wire.acquire("payments").status == 401)
            #expect(try await status(of: first, secret: secret) == 200)
            try await first.stop()

            let second = try await start()
            defer { second.child.kill() }
            #expect(secrets(in: second.child.standardOutput + second.log) == [])
            #expect(try await status(of: second, secret: secret) == 200)
        }

        @Test(
            "A missing tokens file beside an existing database is an error and is not created",
            .timeLimit(.minutes(2))
        )
        func existingDatabase() async throws {
            let first = try await start()
            defer { first.child.kill() }
            try await first.stop()
            try FileManager.default.removeItem(atPath: tokens)
            let result = try await Program.fusebox.run(
                ["serve", "--listen", "127.0.0.1:0", "--db", database],
                environment: ["FUSEBOX_DEFAULT_TOKENS": tokens]
            )
            #expect(result.code == 1)
            #expect(result.errors.contains("\(tokens) cannot be read"), "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: tokens))
        }

        @Test("A missing tokens file that an operator has named is an error", .timeLimit(.minutes(2)))
        func namedFile() async throws {
            let named = folder.path("mine")
            let result = try await Program.fusebox.run(
                ["serve", "--listen", "127.0.0.1:0", "--db", database, "--tokens", named],
                environment: ["FUSEBOX_DEFAULT_TOKENS": tokens]
            )
            #expect(result.code == 1)
            #expect(result.errors.contains("\(named) cannot be read"), "\(result.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }

        @Test("An insecure server creates no tokens and needs none", .timeLimit(.minutes(2)))
        func insecure() async throws {
            let server = try await start(options: ["--insecure"])
            defer { server.child.kill() }
            #expect(try await server.wire.acquire("payments").status == 200)
            #expect(!FileManager.default.fileExists(atPath: tokens))
        }
    }
}
