import BreakerSQLite
import EngineSupport
import Foundation
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct BackupCommandTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func backUp(_ destination: String, of url: String, token: String? = nil) async throws -> CommandResult {
            try await Program.fusebox.run(
                ["backup", "--url", url, destination],
                environment: token.map { ["FUSEBOX_TOKEN": $0] } ?? [:],
                currentFolder: folder.path
            )
        }

        private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.path(name)) }

        @Test("A backup is a consistent database that a server can open", .timeLimit(.minutes(2)))
        func copy() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            for name in ["a", "b", "c"] {
                try await server.wire.putPolicy(#"{"policy":{"failure_threshold":3}}"#, of: name)
            }
            for number in 0..<5 {
                #expect(try await server.wire.fail("a", detail: "n\(number)", id: "\(number)").status == 200)
            }
            let result = try await backUp("copy.db", of: server.url)
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.output.hasPrefix("copy.db: "))
            #expect(result.output.hasSuffix(" bytes, complete and checked\n"))
            try DatabaseCheck.check(folder.path("copy.db"))
            let mode = try FileManager.default.attributesOfItem(atPath: folder.path("copy.db"))[.posixPermissions]
            #expect(mode as? Int == 0o600)
            // The folder has only the copy beside the server's own files.
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { !$0.hasPrefix("fusebox.db") }
            #expect(files == ["copy.db"])

            let copy = try await ServerProcess.start(database: folder.path("copy.db"))
            defer { copy.child.kill() }
            for path in ["/v1/breakers/a/failures", "/v1/transitions", "/v1/breakers/a/transitions"] {
                let (own, copied) = (try await server.wire.get(path), try await copy.wire.get(path))
                #expect(own.body == copied.body)
                #expect(own.status == 200)
            }
            let names = try await copy.wire.get("/v1/breakers").rows("breakers").map { $0["name"] as? String }
            #expect(names == ["a", "b", "c"])
            #expect(try await copy.wire.get("/v1/breakers/a").text("state") == "open")
            #expect(try await copy.wire.fail("a", detail: "n0", id: "0").flag("duplicate") == true)
        }

        @Test("A backup does not replace an existing file")
        func existing() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            try Data("mine".utf8).write(to: URL(fileURLWithPath: folder.path("copy.db")))
            let result = try await backUp("copy.db", of: server.url)
            #expect(result.code != 0)
            #expect(result.errors.contains("copy.db already exists; choose another path"), "\(result.errors)")
            #expect(try String(contentsOfFile: folder.path("copy.db"), encoding: .utf8) == "mine")
        }

        @Test(
            "A backup's name must not end like a file that SQLite keeps beside a database",
            arguments: ["-journal", "-wal", "-shm"]
        )
        func parts(ending: String) async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let result = try await backUp("other.db" + ending, of: server.url)
            #expect(result.code == 1 && result.errors.contains("ends with \(ending)"), "\(result)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("other.db" + ending)))
        }

        @Test("A backup requires an operator's token without a prefix, and is logged", .timeLimit(.minutes(2)))
        func tokens() async throws {
            let path = folder.path("tokens")
            let (ops, viewer) = (try await newToken("ops"), try await newToken("viewer", role: "viewer"))
            let team = try await newToken("team", prefix: "team:")
            try Data((ops.line + viewer.line + team.line).utf8).write(to: URL(fileURLWithPath: path))
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--tokens", path]
            )
            defer { server.child.kill() }
            for (secret, code) in [
                (nil, "401 unauthorized"), ("fbx_wrong", "401 unauthorized"), (viewer.secret, "403 forbidden"),
                (team.secret, "403 forbidden"),
            ] as [(String?, String)] {
                let result = try await backUp("copy.db", of: server.url, token: secret)
                #expect(result.code == 1)
                #expect(result.errors.contains(code), "\(result.errors)")
                #expect(!exists("copy.db"))
            }
            #expect(try await backUp("copy.db", of: server.url, token: ops.secret).code == 0)
            #expect(exists("copy.db"))
            try await server.stop()
            let lines = server.log.split(separator: "\n").filter { $0.hasSuffix(" A backup was made") }
            let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path("copy.db"))).count
            #expect(
                lines.count == 1 && lines[0].contains("actor=ops address=127.0.0.1 bytes=\(bytes) "),
                "\(server.log)"
            )
        }

        @Test("An interrupted backup leaves no file", .timeLimit(.minutes(2)))
        func interrupted() async throws {
            let server = try StalledServer(sending: "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nSQLite")
            let backup = try ChildProcess(.fusebox, ["backup", "--url", server.url, folder.path("copy.db")])
            defer { backup.kill() }
            let names = { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
            try await eventually("the backup has begun") { try !names().isEmpty }
            backup.signal(SIGINT)
            try await backup.waitUntilEnd()
            #expect(backup.exitCode == 130, "\(backup.standardError)")
            #expect(try names() == [])
        }

        @Test("The backup command reports an absent server or an absent folder")
        func unreachable() async throws {
            let result = try await backUp("copy.db", of: "http://127.0.0.1:1")
            #expect(result.code == 1)
            #expect(result.errors == "Error: http://127.0.0.1:1 cannot be reached: nothing listens there\n")
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let nowhere = try await backUp("nowhere/copy.db", of: server.url)
            #expect(nowhere.code == 1)
            #expect(nowhere.errors.contains("nowhere/copy.db cannot be created"), "\(nowhere.errors)")
        }
    }
}
