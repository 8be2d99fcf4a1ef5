import Foundation
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct RestoreCommandTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func restore(_ backup: String, to database: String = "fusebox.db") async throws -> CommandResult {
            try await Program.fusebox.run("restore", backup, "--db", database, currentFolder: folder.path)
        }

        private func start(_ name: String = "fusebox.db") async throws -> ServerProcess {
            try await ServerProcess.start(database: folder.path(name))
        }

        private func backUp(_ server: ServerProcess) async throws {
            let result = try await Program.fusebox.run("backup", "--url", server.url, folder.path("copy.db"))
            #expect(result.code == 0, "\(result.errors)")
        }

        private func names(_ server: ServerProcess) async throws -> [String] {
            try await server.wire.get("/v1/breakers").rows("breakers").compactMap { $0["name"] as? String }
        }

        private func epoch(_ server: ServerProcess) async throws -> String {
            try #require(try await server.wire.get("/version").text("epoch"))
        }

        /// The names of the files that a restore has kept.
        private func kept() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains("before-restore") }
                .sorted()
        }

        private func bytes(_ name: String) -> Data? { FileManager.default.contents(atPath: folder.path(name)) }

        private func expectUnchanged(_ result: CommandResult, _ complaint: String, database: Data?) throws {
            #expect(result.code == 1 && result.output.isEmpty)
            #expect(result.errors.contains(complaint), "\(result.errors)")
            #expect(bytes("fusebox.db") == database)
            // Only the lock of the database may be left.
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasPrefix("fusebox.db.") && $0 != "fusebox.db.lock" }
            #expect(files == [])
        }

        @Test(
            "A restored database has the reports of the backup and another epoch, and the previous one can be opened",
            .timeLimit(.minutes(3))
        )
        func restores() async throws {
            let first = try await start()
            defer { first.child.kill() }
            #expect(try await first.wire.fail("a", detail: "early", id: "1").status == 200)
            try await backUp(first)
            #expect(try await first.wire.fail("b", detail: "late").status == 200)
            let epoch = try await epoch(first)
            try await first.stop()

            let result = try await restore("copy.db")
            #expect(result.code == 0, "\(result.errors)")
            #expect(
                result.output.contains("fusebox.db is a complete, checked copy of copy.db.\nThe previous database is ")
            )
            #expect(result.output.contains("Start the server."))
            let mode = try FileManager.default.attributesOfItem(atPath: folder.path("fusebox.db"))[.posixPermissions]
            #expect(mode as? Int == 0o600)
            #expect(bytes("copy.db") != nil)

            let second = try await start()
            defer { second.child.kill() }
            #expect(try await names(second) == ["a"])
            #expect(try await second.wire.fail("a", detail: "early", id: "1").flag("duplicate") == true)
            #expect(try await self.epoch(second) != epoch)
            let previous = try #require(try kept().first)
            #expect(previous.wholeMatch(of: /fusebox\.db\.before-restore-\d{8}T\d{6}Z/) != nil, "\(previous)")
            let old = try await start(previous)
            defer { old.child.kill() }
            #expect(try await names(old) == ["a", "b"])
            #expect(try await self.epoch(old) == epoch)
        }

        @Test("A restore keeps the write-ahead log of a killed server, and no report in it is lost")
        func log() async throws {
            let server = try await start()
            try await backUp(server)
            for name in ["a", "b"] { #expect(try await server.wire.fail(name).status == 200) }
            server.child.kill()
            try await server.child.waitUntilEnd()
            let log = try #require(bytes("fusebox.db-wal"))
            #expect(!log.isEmpty)

            let result = try await restore("copy.db")
            #expect(result.code == 0, "\(result.errors)")
            #expect(bytes("fusebox.db-wal") == nil)
            let previous = try #require(try kept().first)
            #expect(bytes(previous + "-wal") == log)
            let old = try await start(previous)
            defer { old.child.kill() }
            #expect(try await names(old) == ["a", "b"])
            let restored = try await start()
            defer { restored.child.kill() }
            #expect(try await names(restored) == [])
        }

        @Test("A restore creates the database if there is none")
        func absent() async throws {
            let server = try await start("other.db")
            defer { server.child.kill() }
            #expect(try await server.wire.fail("a").status == 200)
            try await backUp(server)
            let result = try await restore("copy.db")
            #expect(result.code == 0 && !result.output.contains("previous"), "\(result)")
            #expect(try kept() == [])
            let restored = try await start()
            defer { restored.child.kill() }
            #expect(try await names(restored) == ["a"])
        }

        @Test("A plain copy of a stopped server's file is restored with another epoch")
        func plainCopy() async throws {
            let first = try await start()
            #expect(try await first.wire.fail("a").status == 200)
            let epoch = try await epoch(first)
            try await first.stop()
            try FileManager.default.copyItem(atPath: folder.path("fusebox.db"), toPath: folder.path("copy.db"))
            let result = try await restore("copy.db")
            #expect(result.code == 0, "\(result.errors)")
            let second = try await start()
            defer { second.child.kill() }
            #expect(try await names(second) == ["a"])
            #expect(try await self.epoch(second) != epoch)
        }

        @Test("A restore is refused while a server uses the database")
        func running() async throws {
            let server = try await start()
            defer { server.child.kill() }
            try await backUp(server)
            let result = try await restore("copy.db")
            let complaint = "is in use by process \(server.child.pid); stop it first"
            try expectUnchanged(result, complaint, database: bytes("fusebox.db"))
            #expect(try await server.wire.fail("a").status == 200)
        }

        @Test("A file that is no complete database of Fusebox is not restored, and the database stays")
        func unsuitable() async throws {
            let server = try await start()
            try await backUp(server)
            try await server.stop()
            let before = bytes("fusebox.db")
            try Data("not a database, but long enough for a header".utf8)
                .write(to: URL(fileURLWithPath: folder.path("text")))
            try Data().write(to: URL(fileURLWithPath: folder.path("empty")))
            let copy = try #require(bytes("copy.db"))
            try copy.prefix(copy.count / 2).write(to: URL(fileURLWithPath: folder.path("half.db")))
            // The application id is at byte 68 of the header.
            var foreign = copy
            foreign.replaceSubrange(68..<72, with: [1, 2, 3, 4])
            try foreign.write(to: URL(fileURLWithPath: folder.path("foreign.db")))
            try copy.write(to: URL(fileURLWithPath: folder.path("open.db")))
            try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path("open.db-wal")))
            for (name, complaint) in [
                ("text", "text cannot be read as a database; choose another backup"),
                ("empty", "empty cannot be read as a database; choose another backup"),
                ("half.db", "half.db"),
                ("foreign.db", "foreign.db is not a database of Fusebox; choose another backup"),
                ("open.db", "open.db has a write-ahead log, so the file alone is not complete"),
                ("fusebox.db", "fusebox.db is the database itself; give the path of a backup"),
                ("nowhere", "nowhere cannot be read: "), (".", ". is not a regular file"),
            ] {
                try expectUnchanged(try await restore(name), complaint, database: before)
            }
            try await start().child.kill()
        }

        @Test("A backup of a later version is not restored")
        func later() async throws {
            let server = try await start()
            try await backUp(server)
            try await server.stop()
            let before = bytes("fusebox.db")
            let script = """
                import sqlite3
                with sqlite3.connect("copy.db") as copy:
                    copy.execute("INSERT INTO migrations VALUES ('9999_later.sql', '00', 0)")
                """
            let python = Program(path: "/usr/bin/env")
            let change = try await python.run("python3", "-c", script, currentFolder: folder.path)
            #expect(change.code == 0, "\(change.errors)")
            let complaint = "has the migration 9999_later.sql, which this version does not know"
            try expectUnchanged(try await restore("copy.db"), complaint, database: before)
        }

        @Test("A log without its database is not applied to a restored one")
        func strayLog() async throws {
            let server = try await start("other.db")
            defer { server.child.kill() }
            try await backUp(server)
            try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path("fusebox.db-wal")))
            try expectUnchanged(try await restore("copy.db"), "fusebox.db is missing, but ", database: nil)
        }
    }
}
