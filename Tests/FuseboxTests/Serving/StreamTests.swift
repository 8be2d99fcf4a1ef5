import EngineSupport
import Foundation
import NIOHTTP1
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct StreamTests {
        private let folder: TemporaryFolder
        private var database: String { folder.path("fusebox.db") }

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("A stream misses and repeats no change after a kill -9 of the server", .timeLimit(.minutes(3)))
        func resume() async throws {
            var received: [Int] = []
            for round in 1...3 {
                let server = try await ServerProcess.start(database: database)
                defer { server.child.kill() }
                // One change happens without a client, and one while the client follows.
                try await server.wire.putPolicy(#"{"policy":{}}"#, of: "unheard-\(round)")
                let stream = try Self.follow(server, after: received.last ?? 0)
                try await server.wire.putPolicy(#"{"policy":{}}"#, of: "heard-\(round)")
                let last = try #require(
                    try await server.wire.get("/v1/breakers/heard-\(round)").number("generation")
                )
                var seen: [Int] = []
                var bytes = ""
                try await eventually("the stream sends revision \(last)") {
                    bytes += stream.readSome()
                    seen = Self.ids(bytes)
                    return seen.contains(last)
                }
                received += seen
                server.child.kill()
            }
            #expect(received == Array(1...received.count))
            #expect(received.count == 6)
        }

        @Test("SIGTERM ends the streams and the server", .timeLimit(.minutes(3)))
        func shutdown() async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            let streams = try (1...20).map { _ in try Self.follow(server, after: 0) }
            try await eventually("every stream has begun") { streams.allSatisfy(\.hasInput) }
            server.child.signal(SIGTERM)
            for stream in streams {
                let bytes = try await stream.readToEnd(within: 60)
                #expect(bytes.hasSuffix("\r\n0\r\n\r\n"), "\(bytes.suffix(100))")
            }
            try await server.child.waitUntilEnd(within: 60)
            #expect(server.child.exitCode == 0, "\(server.log)")
        }

        @Test("A thousand clients of the stream all see a trip", .timeLimit(.minutes(3)))
        func thousand() async throws {
            let server = try await ServerProcess.start(database: database, limit: 120)
            defer { server.child.kill() }
            _ = try await server.wire.acquire("payments")
            let streams = try (1...1_000).map { _ in try Self.follow(server, after: 1) }
            for stream in streams { try await eventually("a stream begins", within: 60) { stream.hasInput } }
            for _ in 1...5 { _ = try await server.wire.fail("payments") }
            var heard = [String](repeating: "", count: streams.count)
            try await eventually("all know of the trip", within: 60) {
                for (address, stream) in streams.enumerated() where !heard[address].contains("\"state\":\"open\"") {
                    heard[address] += stream.readSome()
                }
                return heard.allSatisfy { $0.contains("\"state\":\"open\"") }
            }
            #expect(heard.allSatisfy { Self.ids($0) == [2] })
        }

        @Test("Clients that do not read cost bounded memory and delay no other client", .timeLimit(.minutes(5)))
        func stalled() async throws {
            let server = try await ServerProcess.start(database: database, limit: 240)
            defer { server.child.kill() }
            func makeChanges(_ round: Int) async throws {
                // Each breaker is created and trips: two changes of about 400 bytes.
                let reports = (0..<500).map { #"{"name":"r\#(round)-\#($0)","outcome":"failure","count":5}"# }
                let body = #"{"reports":[\#(reports.joined(separator: ","))]}"#
                let reply = try await server.wire.send(.POST, "/v1/reports", body, seconds: 60)
                #expect(reply.number("accepted") == 2_500)
            }
            try await makeChanges(0)
            let before = try server.residentMegabytes
            let stalled = try (1...100).map { number in
                // Some streams begin with a resync, the others with all changes.
                try Self.follow(server, after: number % 2 == 0 ? 0 : nil, receiveBuffer: 4_096)
            }
            for stream in stalled { try await eventually("a stream begins", within: 60) { stream.hasInput } }
            let reader = try Self.follow(server, after: 1_000)
            var (bytes, last) = ("", 1_000)
            for round in 1...12 {
                try await makeChanges(round)
                try await eventually("a client that reads gets every change", within: 60) {
                    bytes += reader.readSome()
                    let end = bytes.range(of: "\n\n", options: .backwards)?.upperBound ?? bytes.startIndex
                    let ids = Self.ids(String(bytes[..<end]))
                    guard ids == Array(last + 1..<last + 1 + ids.count) else {
                        throw NeverHappened(description: "after \(last) there was \(ids.prefix(10))")
                    }
                    last += ids.count
                    bytes = String(bytes[end...])
                    return last == 1_000 * (round + 1)
                }
            }
            // The server has sent 500 MB of frames to the clients that do not read.
            let growth = try server.residentMegabytes - before
            #expect(growth < 100, "\(before) MB grew by \(growth)")
            withExtendedLifetime(stalled) {}
        }

        /// - Parameter revision: the last known revision; `nil` for a stream that begins with a resync.
        private static func follow(
            _ server: ServerProcess,
            after revision: Int?,
            receiveBuffer: Int32? = nil
        ) throws -> RawSocket {
            let socket = try RawSocket(url: server.url, receiveBuffer: receiveBuffer)
            let position = revision.map { "last-event-id: \($0)\r\n" } ?? ""
            try socket.send("GET /v1/events HTTP/1.1\r\nhost: x\r\n\(position)\r\n")
            return socket
        }

        /// The ids of the events whose frames are complete.
        private static func ids(_ bytes: String) -> [Int] {
            bytes.replacing("\r\n", with: "\n").components(separatedBy: "\n\n").dropLast().compactMap { frame in
                guard frame.contains("\ndata:") || frame.contains("data:") else { return nil }
                return frame.split(separator: "\n").first { $0.hasPrefix("id:") }
                    .flatMap { $0.split(separator: "-").last.flatMap { Int($0) } }
            }
        }
    }
}
