import BreakerCore
import EngineSupport
import Foundation
import TestSupport
import Testing

@testable import BreakerSQLite

extension ProcessTests {
    @Suite struct StartTests {
        private let folder: TemporaryFolder
        private var database: String { folder.path("fusebox.db") }

        init() throws {
            folder = try TemporaryFolder()
        }

        private func serve(_ options: String...) async throws -> CommandResult {
            try await Program.fusebox.run(["serve", "--listen", "127.0.0.1:0"] + options)
        }

        /// Makes the database of a stopped server, with one breaker in it.
        private func makeDatabase() async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            #expect(try await server.wire.fail("payments").status == 200)
            try await server.stop()
        }

        /// Executes SQL on the database; SQLite makes a database of an empty file.
        private func execute(_ sql: String) throws {
            if !FileManager.default.fileExists(atPath: database) {
                try Data().write(to: URL(fileURLWithPath: database))
            }
            let connection = try Connection(path: database, access: .readWrite, vfs: nil)
            try connection.execute(sql)
        }

        /// The number of the table's first page, counted from 1.
        private func root(ofTable table: String) throws -> Int {
            let connection = try Connection(path: database, access: .readOnly, vfs: nil)
            let root = try connection.integer("SELECT rootpage FROM sqlite_schema WHERE name = '\(table)'")
            return Int(try #require(root))
        }

        /// Expects that a server refuses `database` and leaves it unchanged.
        private func expectRefusal(_ part: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let before = try Data(contentsOf: URL(fileURLWithPath: database))
            let result = try await serve("--db", database)
            #expect(result.code.map { $0 != 0 } == true, sourceLocation: sourceLocation)
            #expect(result.errors.contains(part), "\(result.errors)", sourceLocation: sourceLocation)
            #expect(result.errors.contains(database), "\(result.errors)", sourceLocation: sourceLocation)
            #expect(result.output.isEmpty, sourceLocation: sourceLocation)
            #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == before, sourceLocation: sourceLocation)
        }

        @Test(
            "A second server on a database is refused and names the first one, under any path",
            .timeLimit(.minutes(2))
        )
        func second() async throws {
            let first = try await ServerProcess.start(database: database)
            defer { first.child.kill() }
            let link = folder.path("link.db")
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: database)
            for path in [database, folder.path("./fusebox.db"), link] {
                let second = try await serve("--db", path)
                #expect(second.code == 1)
                #expect(second.errors.contains("is in use by process \(first.child.pid)"), "\(second.errors)")
            }
            #expect(try await first.wire.fail("payments").status == 200)
            first.child.kill()
            try await first.child.waitUntilEnd()
            // The lock ends with its process, however the process ends.
            let third = try await ServerProcess.start(database: database)
            defer { third.child.kill() }
            #expect(try await third.wire.get("/v1/breakers/payments").number("counts", "failures") == 1)
        }

        @Test("A file that is not a database is refused and left unchanged", .timeLimit(.minutes(2)))
        func noDatabase() async throws {
            for content in [Data("hello".utf8), Data(repeating: 0xab, count: 8_192)] {
                try content.write(to: URL(fileURLWithPath: database))
                try await expectRefusal("cannot be read as a database")
            }
        }

        @Test("A damaged database is refused and left unchanged", .timeLimit(.minutes(2)))
        func damaged() async throws {
            try await makeDatabase()
            var bytes = try Data(contentsOf: URL(fileURLWithPath: database))
            bytes.replaceSubrange(0..<16, with: Data(repeating: 0, count: 16))
            try bytes.write(to: URL(fileURLWithPath: database))
            try await expectRefusal("replace it with a backup")
        }

        @Test("A database that is damaged after a crash is refused and left unchanged", .timeLimit(.minutes(2)))
        func damagedAfterCrash() async throws {
            try await makeDatabase()
            let page = try root(ofTable: "report_ids")
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            #expect(try await server.wire.fail("payments").status == 200)
            server.child.kill()
            try await server.child.waitUntilEnd()
            var bytes = try Data(contentsOf: URL(fileURLWithPath: database))
            // This page is in use, and the log has no newer version of it.
            bytes.replaceSubrange((page - 1) * 4_096..<page * 4_096, with: Data(repeating: 0xff, count: 4_096))
            try bytes.write(to: URL(fileURLWithPath: database))
            try await expectRefusal("is damaged")
        }

        @Test("A database of another program is refused and left unchanged", .timeLimit(.minutes(2)))
        func foreign() async throws {
            try execute("PRAGMA application_id = 1; CREATE TABLE notes (text TEXT)")
            try await expectRefusal("is a database of another program")
            try FileManager.default.removeItem(atPath: database)
            try execute("CREATE TABLE notes (text TEXT)")
            try await expectRefusal("is a database of another program")
        }

        @Test("A database with an unknown or changed migration is refused and left unchanged", .timeLimit(.minutes(2)))
        func later() async throws {
            try await makeDatabase()
            try execute("INSERT INTO migrations VALUES ('9999_later.sql', '00', 0); PRAGMA wal_checkpoint(TRUNCATE)")
            try await expectRefusal("has the migration 9999_later.sql, which this version does not know")
            try execute("DELETE FROM migrations WHERE name LIKE '9999%'; UPDATE migrations SET sha256 = '00'")
            try await expectRefusal("was created with a different text of the migration")
        }

        @Test("A folder that cannot be used is named in the error", .timeLimit(.minutes(2)))
        func folders() async throws {
            let file = folder.path("file")
            try Data("x".utf8).write(to: URL(fileURLWithPath: file))
            // `/proc` is a folder in which even root cannot write.
            for address in [file, folder.path("nowhere"), "/proc"] {
                let result = try await serve("--db", address + "/fusebox.db")
                #expect(result.code == 1)
                #expect(result.errors.contains(address), "\(result.errors)")
                #expect(result.errors.contains("cannot be"), "\(result.errors)")
            }
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "x")
        }

        @Test(
            "A write-ahead log without its database is refused and left unchanged",
            .timeLimit(.minutes(2))
        )
        func logAlone() async throws {
            let log = URL(fileURLWithPath: database + "-wal")
            try Data(repeating: 1, count: 100).write(to: log)
            let result = try await serve("--db", database)
            #expect(result.code == 1)
            #expect(result.errors.contains("is missing, but its write-ahead log exists"), "\(result.errors)")
            #expect(try Data(contentsOf: log).count == 100)
        }

        /// The engine's tests set the clock itself. Here the database is an hour ahead instead, which looks the same to
        /// a server that starts.
        @Test("A clock that is an hour behind at the start does not lengthen an opening", .timeLimit(.minutes(2)))
        func clockBack() async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            try await server.wire.putPolicy(
                #"{"policy":{"failure_threshold":1,"recovery_timeout_ms":60000}}"#,
                of: "payments"
            )
            #expect(try await server.wire.fail("payments").text("state") == "open")
            try await server.stop()
            try execute(
                """
                UPDATE server SET written_at = written_at + 3600000;
                UPDATE breakers SET since_at = since_at + 3600000, open_until = open_until + 3600000;
                """
            )
            let late = try await ServerProcess.start(database: database)
            defer { late.child.kill() }
            let decision = try await late.wire.acquire("payments")
            #expect(decision.flag("allowed") == false)
            #expect((1...60_000).contains(decision.number("retry_after_ms") ?? 0), "\(decision)")
            try await late.stop()
            #expect(late.log.contains("The clock is behind the last write"), "\(late.log)")
        }
    }
}

extension ProcessTests {
    @Suite struct ConfiguredStartTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func start(_ configuration: String) async throws -> ServerProcess {
            let path = folder.path("fusebox.yaml")
            try Data(configuration.utf8).write(to: URL(fileURLWithPath: path))
            return try await ServerProcess.start(database: folder.path("fusebox.db"), options: ["--config", path])
        }

        private func policy(_ name: String, _ wire: Wire) async throws -> (threshold: Int?, source: String?) {
            let view = try await wire.get("/v1/breakers/\(name)")
            return (view.number("policy", "failure_threshold"), view.text("policy_source"))
        }

        @Test(
            "The configuration is applied at each start, except to a policy that the API has set",
            .timeLimit(.minutes(2))
        )
        func application() async throws {
            let first = try await start(
                """
                default: {policy: {failure_threshold: 2}}
                profiles:
                  "pay*": {policy: {failure_threshold: 3}}
                  "payments:*": {policy: {failure_threshold: 4}}
                breakers:
                  ledger: {policy: {failure_threshold: 5}}
                """
            )
            defer { first.child.kill() }
            // A configured breaker exists from the start, the others from their first acquire.
            #expect(
                try await first.wire.get("/v1/breakers").rows("breakers").map { $0["name"] as? String } == ["ledger"]
            )
            for name in ["payments:charge", "payroll", "search", "steered"] {
                #expect(try await first.wire.acquire(name).status == 200)
            }
            try await first.wire.putPolicy(#"{"policy":{"failure_threshold":9}}"#, of: "steered")
            #expect(try await policy("ledger", first.wire) == (5, "config"))
            #expect(try await policy("payments:charge", first.wire) == (4, "profile:payments:*"))
            #expect(try await policy("payroll", first.wire) == (3, "profile:pay*"))
            #expect(try await policy("search", first.wire) == (2, "default"))
            #expect(try await policy("steered", first.wire) == (9, "api"))
            try await first.stop()

            let second = try await start(
                """
                profiles: {"payments:*": {preset: rate}}
                breakers: {search: {policy: {failure_threshold: 7}}, steered: {preset: slow}}
                """
            )
            defer { second.child.kill() }
            // 5 is also the built-in default.
            #expect(try await policy("ledger", second.wire) == (5, "default"))
            #expect(try await policy("payments:charge", second.wire) == (nil, "profile:payments:*"))
            #expect(try await policy("payroll", second.wire) == (5, "default"))
            #expect(try await policy("search", second.wire) == (7, "config"))
            #expect(try await policy("steered", second.wire) == (9, "api"))
        }
    }
}
