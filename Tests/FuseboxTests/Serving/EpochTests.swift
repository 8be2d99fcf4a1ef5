import Foundation
import NIOHTTP1
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct EpochTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("A follower gets a resync with the whole new database if its server has lost its volume")
        func lostVolume() async throws {
            let first = try await start("first.db")
            defer { first.child.kill() }
            for name in ["a", "b", "c", "d", "e"] { try await first.wire.putPolicy(#"{"policy":{}}"#, of: name) }
            let watcher = try watch(first)
            defer { watcher.kill() }
            let id = try await lastID(of: watcher)
            #expect(id == "\(try await epoch(of: first))-5")
            first.child.kill()
            try await first.child.waitUntilEnd()

            let second = try await restart(first, "second.db")
            defer { second.child.kill() }
            try await expectResync(of: watcher, after: id, second)
            #expect(try await !id.hasPrefix(epoch(of: second)))
        }

        @Test("A follower gets a resync with the whole copy if its server was restored from a backup")
        func restoredBackup() async throws {
            let first = try await start("first.db")
            defer { first.child.kill() }
            for name in ["a", "b"] { try await first.wire.putPolicy(#"{"policy":{}}"#, of: name) }
            let backup = try await Program.fusebox.run("backup", "--url", first.url, folder.path("copy.db"))
            #expect(backup.code == 0, "\(backup.errors)")
            for name in ["c", "d", "e"] { try await first.wire.putPolicy(#"{"policy":{}}"#, of: name) }
            let watcher = try watch(first)
            defer { watcher.kill() }
            let id = try await lastID(of: watcher)
            try await first.stop()

            let second = try await restart(first, "copy.db")
            defer { second.child.kill() }
            try await expectResync(of: watcher, after: id, second)
        }

        @Test("A server keeps its epoch when it restarts on its own files or on a plain copy of them")
        func sameFiles() async throws {
            let first = try await start("first.db")
            try await first.wire.putPolicy(#"{"policy":{}}"#, of: "a")
            let epoch = try await epoch(of: first)
            try await first.stop()
            try FileManager.default.copyItem(atPath: folder.path("first.db"), toPath: folder.path("copy.db"))
            for name in ["first.db", "copy.db"] {
                let server = try await start(name)
                #expect(try await self.epoch(of: server) == epoch)
                try await server.stop()
            }
        }

        // MARK: Steps

        private func start(_ name: String) async throws -> ServerProcess {
            try await ServerProcess.start(database: folder.path(name))
        }

        /// Starts another database at the address of a server that has ended. Its history has more revisions than the
        /// follower knows, and `payments` is forced open at a revision that the follower has already passed.
        private func restart(_ server: ServerProcess, _ name: String) async throws -> ServerProcess {
            let port = try #require(URL(string: server.url)?.port)
            let unheard = try await start(name)
            try await unheard.wire.putPolicy(#"{"policy":{}}"#, of: "payments")
            let order = #"{"mode":"force_open","reason":"drill","expires_in_ms":null}"#
            let forced = try await unheard.wire.send(.PUT, "/v1/breakers/payments/override", order)
            #expect(forced.number("generation").map { $0 <= 5 } == true, "\(forced)")
            for number in 1...5 { try await unheard.wire.putPolicy(#"{"policy":{}}"#, of: "later-\(number)") }
            try await unheard.stop()
            return try await ServerProcess.start(database: folder.path(name), listen: "127.0.0.1:\(port)")
        }

        private func watch(_ server: ServerProcess) throws -> ChildProcess {
            try ChildProcess(.fusebox, ["watch", "--json", "--url", server.url], limit: 120)
        }

        private func lines(of watcher: ChildProcess) -> [[String: Any]] {
            watcher.standardOutput.split(separator: "\n").compactMap {
                (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
            }
        }

        /// The id of the resync with which the watcher's stream begins.
        private func lastID(of watcher: ChildProcess) async throws -> String {
            try await eventually("the stream begins") {
                lines(of: watcher).contains { $0["type"] as? String == "resync" }
            }
            return try #require(lines(of: watcher).last { $0["type"] as? String == "resync" }?["id"] as? String)
        }

        private func epoch(of server: ServerProcess) async throws -> String {
            try #require(try await server.wire.get("/version").text("epoch"))
        }

        /// Expects a resync for the watcher, which resumes by itself, and for a client that sends `id`.
        private func expectResync(of watcher: ChildProcess, after id: String, _ server: ServerProcess) async throws {
            let socket = try RawSocket(url: server.url)
            try socket.send("GET /v1/events HTTP/1.1\r\nhost: x\r\nlast-event-id: \(id)\r\n\r\n")
            var heard = ""
            try await eventually("a client that names \(id) hears that payments is forced open") {
                heard += socket.readSome()
                return heard.contains("event: resync") && heard.contains("force_open")
            }
            try await eventually("the watcher hears that payments is forced open") {
                let resync = lines(of: watcher).last { $0["type"] as? String == "resync" }
                return (resync?["breakers"] as? [[String: Any]])?.contains {
                    $0["name"] as? String == "payments" && $0["override"] is [String: Any]
                } ?? false
            }
        }
    }
}
