import EngineSupport
import Foundation
import NIOConcurrencyHelpers
import NIOHTTP1
import TestSupport
import Testing

@testable import BreakerSQLite

extension ProcessTests {
    @Suite struct ShutdownTests {
        private let folder: TemporaryFolder
        private var database: String { folder.path("fusebox.db") }

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("SIGTERM and SIGINT end an idle server at once, with exit code 0", arguments: [SIGTERM, SIGINT])
        func idle(signal: Int32) async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            #expect(try await server.wire.fail("payments").status == 200)
            server.child.signal(signal)
            // This is sooner than the server would cut off busy connections.
            try await server.child.waitUntilEnd(within: 12)
            #expect(server.child.exitCode == 0, "\(server.log)")
            // The database is complete without its write-ahead log.
            #expect((try? Data(contentsOf: URL(fileURLWithPath: database + "-wal")))?.isEmpty != false)
            try DatabaseCheck.check(database)
        }

        @Test("A request in flight at SIGTERM is answered, and an answered report is stored")
        func underWay() async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            try await server.wire.putPolicy(#"{"policy":{"failure_threshold":null}}"#, of: "payments")
            let sockets = try (0..<20).map { number in
                let socket = try RawSocket(url: server.url)
                let body = #"{"outcome":"failure","detail":"\#(number)"}"#
                let head = """
                    POST /v1/breakers/payments/report HTTP/1.1\r
                    host: x\r
                    expect: 100-continue\r
                    content-length: \(body.utf8.count)\r
                    \r

                    """
                try socket.send(head + body.prefix(10))
                return (socket, rest: String(body.dropFirst(10)))
            }
            // Each client is asked for its body, so the server has begun the request.
            try await eventually("every request is under way") { sockets.allSatisfy(\.0.hasInput) }
            server.child.signal(SIGTERM)
            try await eventually("no connection is taken any more") { (try? RawSocket(url: server.url)) == nil }
            for (socket, rest) in sockets { try socket.send(rest) }
            var answered = 0
            for (socket, _) in sockets {
                let answer = try await socket.readToEnd(within: 15)
                #expect(answer.contains("HTTP/1.1 200 OK\r\n"), "\(answer)")
                if answer.contains(#""applied":true"#) { answered += 1 }
            }
            try await server.child.waitUntilEnd(within: 20)
            #expect(server.child.exitCode == 0, "\(server.log)")
            #expect(answered == sockets.count)
            let next = try await ServerProcess.start(database: database)
            defer { next.child.kill() }
            #expect(try await next.wire.get("/v1/breakers/payments").number("counts", "failures") == answered)
        }

        @Test("Connections that arrive while the server stops do not crash it", .timeLimit(.minutes(3)))
        func latecomers() async throws {
            for _ in 1...4 {
                let server = try await ServerProcess.start(database: database)
                defer { server.child.kill() }
                let url = server.url
                let clients = (1...3).map { _ in
                    Task.detached { while (try? RawSocket(url: url)) != nil { await Task.yield() } }
                }
                server.child.signal(SIGTERM)
                try await server.child.waitUntilEnd(within: 60)
                for client in clients { await client.value }
                #expect(server.child.exitCode == 0, "\(server.log)")
            }
        }

        @Test("Reports in the queue at SIGTERM are answered and stored", .timeLimit(.minutes(3)))
        func queue() async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            try await server.wire.putPolicy(#"{"policy":{"failure_threshold":null}}"#, of: "payments")
            let item = #"{"name":"payments","outcome":"failure"}"#
            let body = #"{"reports":["# + Array(repeating: item, count: 5_000).joined(separator: ",") + "]}"
            let sockets = try (0..<6).map { _ in try RawSocket(url: server.url) }
            for socket in sockets {
                try socket.send(
                    "POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
                )
            }
            // When the first request is answered, the others are at any stage of their processing.
            try await eventually("an answer") { sockets.contains { $0.hasInput } }
            server.child.signal(SIGTERM)
            var accepted = 0
            for socket in sockets {
                let answer = try await socket.readToEnd(within: 20)
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(answer.prefix(300))")
                #expect(answer.contains(#""accepted":5000"#))
                accepted += 5_000
            }
            try await server.child.waitUntilEnd(within: 20)
            #expect(server.child.exitCode == 0, "\(server.log)")
            let next = try await ServerProcess.start(database: database)
            defer { next.child.kill() }
            #expect(try await next.wire.get("/v1/breakers/payments").number("counts", "failures") == accepted)
        }

        @Test("A response that its client does not read does not delay the shutdown", .timeLimit(.minutes(3)))
        func endlessResponse() async throws {
            let first = try await ServerProcess.start(database: database)
            defer { first.child.kill() }
            #expect(try await first.wire.fail("payments").status == 200)
            try await first.stop()
            try fill(megabytes: 18)
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            let socket = try RawSocket(url: server.url, receiveBuffer: 4_096)
            try socket.send("POST /v1/backup HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
            try await eventually("the copy is made and sent") {
                try await server.wire.send(.POST, "/v1/breakers/busy/acquire").status == 200 && socket.hasInput
            }
            server.child.signal(SIGTERM)
            try await server.child.waitUntilEnd(within: 60)
            #expect(server.child.exitCode == 0, "\(server.log)")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains("backup") }
                    == []
            )
        }

        /// Makes the database larger than the buffers of a connection.
        private func fill(megabytes: Int) throws {
            let connection = try Connection(path: database, access: .readWrite, vfs: nil)
            try connection.execute(
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(megabytes * 500))
                INSERT INTO audit (revision, at, actor, action, breaker, before)
                SELECT -i, 0, 'ops', 'reset', 'payments', hex(randomblob(1000)) FROM n
                """
            )
        }

        @Test("A SIGHUP during the start of the server makes it read the tokens again", .timeLimit(.minutes(2)))
        func early() async throws {
            let (first, second) = (try await newToken("first"), try await newToken("second"))
            let path = folder.path("tokens")
            func write(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
            try write(first.line)
            let child = try ChildProcess(
                .fusebox,
                ["serve", "--listen", "127.0.0.1:0", "--db", database, "--tokens", path]
            )
            defer { child.kill() }
            // By then the server has read its tokens, and has yet to run the migrations.
            try await eventually("the server owns its database") {
                (try? String(contentsOfFile: database + ".lock", encoding: .utf8))?.contains("\(child.pid)") == true
            }
            try write(second.line)
            child.signal(SIGHUP)
            let server = try await ServerProcess.listening(child)
            try await eventually("the second token holds") {
                try await Wire(url: server.url, token: second.secret).get("/v1/breakers").status == 200
            }
            try await server.stop()
            #expect(child.exitCode == 0)
        }

        @Test(
            "SIGHUP reads the tokens again, and an invalid file changes nothing and is logged",
            .timeLimit(.minutes(2))
        )
        func tokens() async throws {
            let (first, second) = (try await newToken("first"), try await newToken("second"))
            let path = folder.path("tokens")
            func write(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
            func status(_ secret: String) async throws -> Int {
                try await Wire(url: server.url, token: secret).get("/v1/breakers").status
            }
            try write(first.line)
            let server = try await ServerProcess.start(
                database: database,
                options: ["--tokens", path, "--log-format", "json"]
            )
            defer { server.child.kill() }
            #expect(try await status(first.secret) == 200)
            #expect(try await status(second.secret) == 401)

            try write("# replaced\n" + second.line)
            server.child.signal(SIGHUP)
            try await eventually("the second token holds") { try await status(second.secret) == 200 }
            #expect(try await status(first.secret) == 401)

            try write(second.line + "nonsense\n")
            server.child.signal(SIGHUP)
            try await eventually("the log has the fault") { server.log.contains("Cannot reload the tokens") }
            #expect(try await status(second.secret) == 200)
            #expect(server.log.contains("\(path):2: a line must be: name role [prefix], then sha256:"), "\(server.log)")

            try FileManager.default.removeItem(atPath: path)
            server.child.signal(SIGHUP)
            try await eventually("the log has the absence") { server.log.contains("\(path) cannot be read") }
            #expect(try await status(second.secret) == 200)
            for line in server.log.split(separator: "\n") {
                #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
            }
            try await server.stop()
            #expect(server.child.exitCode == 0)
        }
    }
}
