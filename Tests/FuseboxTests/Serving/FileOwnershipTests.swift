import EngineSupport
import Foundation
import NIOHTTP1
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct FileOwnershipTests {
        private let folder: TemporaryFolder
        private var database: String { folder.path("fusebox.db") }

        init() throws {
            folder = try TemporaryFolder()
        }

        private func serve(_ database: String, _ options: String...) async throws -> CommandResult {
            try await Program.fusebox.run(["serve", "--listen", "127.0.0.1:0", "--db", database] + options, within: 20)
        }

        private func write(_ text: String, to name: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path(name)))
        }

        private func text(_ name: String) throws -> String {
            try String(contentsOfFile: folder.path(name), encoding: .utf8)
        }

        private func setMode(_ mode: Int, of path: String) throws {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }

        private func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }

        /// Makes the database of a stopped server.
        private func makeDatabase() async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            #expect(try await server.wire.fail("payments").status == 200)
            try await server.stop()
        }

        // MARK: Two servers

        @Test(
            "A server refuses a database file with a second name, whether or not another server runs",
            .timeLimit(.minutes(2))
        )
        func hardLink() async throws {
            let first = try await ServerProcess.start(database: database)
            defer { first.child.kill() }
            let link = folder.path("link.db")
            try FileManager.default.linkItem(atPath: database, toPath: link)
            let second = try await serve(link)
            #expect(second.code == 1)
            #expect(second.errors.contains("\(link) is one of 2 names (hard links) of one file"), "\(second.errors)")
            #expect(try await first.wire.fail("payments").status == 200)
            try await first.stop()

            #expect(try await serve(database).errors.contains("find DIRECTORY -samefile \(database)"))
            try FileManager.default.removeItem(atPath: link)
            let third = try await ServerProcess.start(database: database)
            defer { third.child.kill() }
            #expect(try await third.wire.get("/v1/breakers/payments").number("counts", "failures") == 1)
        }

        @Test(
            "A server refuses a database that another server has open under another mount",
            .enabled(if: SmallDisk.isPossible, "mounting takes root"),
            .timeLimit(.minutes(2))
        )
        func mountedFile() async throws {
            let first = try await ServerProcess.start(database: database)
            defer { first.child.kill() }
            #expect(try await first.wire.fail("payments").status == 200)
            let other = try TemporaryFolder()
            try Data().write(to: URL(fileURLWithPath: other.path("fusebox.db")))
            let script = #"mount --bind "$1" "$2" && exec "$3" serve --listen 127.0.0.1:0 --db "$2""#
            let second = try await Program(path: "/usr/bin/env").run(
                "unshare",
                "-m",
                "sh",
                "-c",
                script,
                "sh",
                database,
                other.path("fusebox.db"),
                Program.fusebox.path,
                within: 20
            )
            #expect(second.code == 1, "\(second)")
            #expect(second.errors.contains("is in use by another server under another path"), "\(second.errors)")
            #expect(try await first.wire.fail("payments").status == 200)
            #expect(try await first.wire.get("/v1/breakers/payments").number("counts", "failures") == 2)
        }

        @Test(
            "A server keeps its own lock and SQLite's lock on the database during backups and reads",
            .enabled(if: FileManager.default.isReadableFile(atPath: "/proc/locks")),
            .timeLimit(.minutes(2))
        )
        func locks() async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            #expect(try await server.wire.fail("payments").status == 200)
            #expect(try await server.wire.send(.POST, "/v1/backup").status == 200)
            for path in ["/metrics", "/readyz", "/v1/transitions", "/v1/breakers/payments/failures"] {
                #expect(try await server.wire.get(path).status == 200)
            }
            let file = try #require(
                try FileManager.default.attributesOfItem(atPath: database)[.systemFileNumber] as? Int
            )
            // `1: POSIX  ADVISORY  READ 1234 fe:00:5678 …`: the kind, the process, and the file after the device.
            let kinds = try String(contentsOfFile: "/proc/locks", encoding: .utf8).split(separator: "\n").compactMap {
                let words = $0.split(separator: " ")
                return words[4] == "\(server.child.pid)" && words[5].hasSuffix(":\(file)") ? String(words[1]) : nil
            }
            #expect(Set(kinds) == ["FLOCK", "POSIX"])
        }

        // MARK: Files that are removed while the server runs

        @Test(
            "A server whose database is removed or replaced acknowledges no report, decides, and takes the file back",
            .timeLimit(.minutes(2)),
            arguments: [false, true]
        )
        func removedDatabase(isReplaced: Bool) async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            let wire = server.wire
            #expect(try await wire.fail("payments").status == 200)
            try FileManager.default.moveItem(atPath: database, toPath: folder.path("moved.db"))
            if isReplaced { try write("another file", to: "fusebox.db") }

            var successes = 0
            try await eventually("a report is refused") {
                let report = try await wire.send(.POST, "/v1/breakers/payments/report?outcome=success")
                if report.status == 200 { successes += 1 }
                return report.status == 503 && report.text("code") == "storage_unavailable"
            }
            #expect(try await wire.acquire("payments").flag("allowed") == true)
            #expect(try await wire.get("/readyz").text("storage") == "failing")
            try await eventually("the log has the cause") {
                server.log.contains("\(database) was removed or replaced while the server was running; put")
            }

            if isReplaced { try FileManager.default.removeItem(atPath: database) }
            try FileManager.default.moveItem(atPath: folder.path("moved.db"), toPath: database)
            try await eventually("the store works again") {
                try await wire.get("/readyz").text("storage") == "ok"
            }
            #expect(try await wire.fail("payments").status == 200)
            let breaker = try await wire.get("/v1/breakers/payments")
            #expect(breaker.number("counts", "failures") == 2)
            #expect(breaker.number("counts", "calls") == successes + 2)
            try await server.stop()
        }

        // MARK: Files that other users may write or read

        @Test("A database that every user may write is refused with advice", .timeLimit(.minutes(2)))
        func writableDatabase() async throws {
            try await makeDatabase()
            try setMode(0o622, of: database)
            let before = try Data(contentsOf: URL(fileURLWithPath: database))
            let result = try await serve(database)
            #expect(result.code == 1)
            #expect(result.errors.contains("every user of this machine can write to \(database)"), "\(result.errors)")
            #expect(result.errors.contains("chmod o-w \(database)"), "\(result.errors)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == before)
            #expect(try mode(database) == 0o622)
        }

        @Test("A tokens file that every user may write is refused at the start and at SIGHUP", .timeLimit(.minutes(2)))
        func writableTokens() async throws {
            let (token, tokens) = (try await newToken("ops"), folder.path("tokens"))
            try write(token.line, to: "tokens")
            try setMode(0o662, of: tokens)
            let refused = try await serve(database, "--tokens", tokens)
            #expect(refused.code == 1)
            #expect(refused.errors.contains("chmod o-w \(tokens)"), "\(refused.errors)")

            // Access by a group is the deployer's decision.
            try setMode(0o660, of: tokens)
            let server = try await ServerProcess.start(database: database, options: ["--tokens", tokens])
            defer { server.child.kill() }
            try write(try await newToken("other").line, to: "tokens")
            try setMode(0o666, of: tokens)
            server.child.signal(SIGHUP)
            try await eventually("the tokens are not read") {
                server.log.contains("Cannot reload the tokens") && server.log.contains("chmod o-w")
            }
            var wire = server.wire
            wire.token = token.secret
            #expect(try await wire.acquire("payments").status == 200)
        }

        @Test(
            "A tokens file or a TLS file that is a pipe or a device is refused, and does not hang the start",
            .timeLimit(.minutes(2))
        )
        func specialFiles() async throws {
            let pipe = folder.path("pipe")
            #expect(mkfifo(pipe, 0o600) == 0)
            for path in [pipe, "/dev/null"] {
                for options in [["--tokens", path], ["--tls-cert", path, "--tls-key", path]] {
                    let result = try await Program.fusebox.run(
                        ["serve", "--listen", "127.0.0.1:0", "--db", database] + options
                    )
                    #expect(result.code == 1)
                    #expect(result.errors.contains("\(path) is not a regular file"), "\(result.errors)")
                }
            }
        }

        @Test("A server warns of files that every user may read", .timeLimit(.minutes(2)), arguments: [0o600, 0o604])
        func readable(mode: Int) async throws {
            try await makeDatabase()
            let tokens = folder.path("tokens")
            try write(try await newToken("ops").line, to: "tokens")
            for path in [database, tokens] { try setMode(mode, of: path) }
            let server = try await ServerProcess.start(database: database, options: ["--tokens", tokens])
            defer { server.child.kill() }
            try await server.stop()
            for path in [database, tokens] {
                #expect(server.log.contains("chmod o-r \(path)") == (mode == 0o604), "\(server.log)")
            }
        }

        @Test("Only the owner may access the server's files, whatever the umask", .timeLimit(.minutes(2)))
        func umask() async throws {
            let open = Program(path: "/bin/sh", arguments: ["-c", #"umask 000; exec "$0" "$@""#, Program.fusebox.path])
            let server = try await ServerProcess.start(
                open,
                database: database,
                environment: ["FUSEBOX_DEFAULT_TOKENS": folder.path("tokens")]
            )
            defer { server.child.kill() }
            let secret = try #require(server.child.standardOutput.firstMatch(of: /fbx_[0-9a-f]{64}/)).0
            let result = try await open.run(
                ["backup", "--url", server.url, folder.path("copy.db")],
                environment: ["FUSEBOX_TOKEN": String(secret)]
            )
            #expect(result.code == 0, "\(result.errors)")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(
                names == ["copy.db", "fusebox.db", "fusebox.db-shm", "fusebox.db-wal", "fusebox.db.lock", "tokens"]
            )
            for name in names { #expect(try mode(folder.path(name)) == 0o600, "\(name)") }
        }

        // MARK: Foreign files

        @Test("A start and a backup leave other files beside the database unchanged", .timeLimit(.minutes(2)))
        func neighbours() async throws {
            let names = ["fusebox.db.backup-20261129", "fusebox.db.backup-1", "fusebox.db.copy-1", "copy.db.partial"]
            for name in names { try write("mine", to: name) }
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            let result = try await Program.fusebox.run("backup", "--url", server.url, folder.path("copy.db"))
            #expect(result.code == 0, "\(result.errors)")
            try await server.stop()
            for name in names { #expect(try text(name) == "mine") }
            let all = ["copy.db", "fusebox.db", "fusebox.db.lock"] + names
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == all.sorted())
        }

        @Test("A backup does not write through a planted link", .timeLimit(.minutes(2)), arguments: ["", ".partial"])
        func plantedLink(suffix: String) async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            try write("mine", to: "diary")
            let link = folder.path("copy.db" + suffix)
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path("diary"))
            let result = try await Program.fusebox.run("backup", "--url", server.url, folder.path("copy.db"))
            #expect(result.code == (suffix.isEmpty ? 1 : 0), "\(result.errors)")
            #expect(try text("diary") == "mine")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == folder.path("diary"))
        }

        @Test(
            "A server refuses a start if a file beside its database is a link to another file",
            .timeLimit(.minutes(2)),
            arguments: ["fusebox.db.lock", "fusebox.db-wal", "fusebox.db-shm", "fusebox.db-journal"],
            [false, true]
        )
        func companions(name: String, isHardLink: Bool) async throws {
            try write("mine\n", to: "diary")
            if isHardLink {
                try FileManager.default.linkItem(atPath: folder.path("diary"), toPath: folder.path(name))
            } else {
                try FileManager.default.createSymbolicLink(
                    atPath: folder.path(name),
                    withDestinationPath: folder.path("diary")
                )
            }
            // Without a database the server would refuse the log for another reason.
            if name.hasSuffix("-wal") { try write("", to: "fusebox.db") }
            let result = try await serve(database)
            #expect(result.code == 1)
            #expect(result.errors.contains(folder.path(name)), "\(result.errors)")
            #expect(try text("diary") == "mine\n")
        }

        @Test("A foreign file with the lock's name is refused and left unchanged", .timeLimit(.minutes(2)))
        func foreignLockFile() async throws {
            try write("my notes\n", to: "fusebox.db.lock")
            let result = try await serve(database)
            #expect(result.code == 1)
            #expect(result.errors.contains("fusebox.db.lock is not a lock file of Fusebox"), "\(result.errors)")
            #expect(try text("fusebox.db.lock") == "my notes\n")
        }
    }
}
