import EngineSupport
import Foundation
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct StreamTests {
        private let folder: TemporaryFolder
        private var database: String { folder.path("fusebox.db") }

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("Across kill -9 a stream misses nothing and repeats nothing", .timeLimit(.minutes(3)))
        func resume() async throws {
            var told: [Int] = []
            for round in 1...3 {
                let server = try await ServerProcess.start(database: database)
                defer { server.child.kill() }
                // What happens while nobody listens, and while somebody does.
                try await server.wire.putPolicy(#"{"policy":{}}"#, of: "unheard-\(round)")
                let stream = try Self.follow(server, after: told.last ?? 0)
                try await server.wire.putPolicy(#"{"policy":{}}"#, of: "heard-\(round)")
                let last = try #require(
                    try await server.wire.get("/v1/breakers/heard-\(round)").number("generation")
                )
                var seen: [Int] = []
                var bytes = ""
                try await eventually("the stream tells of revision \(last)") {
                    bytes += stream.readSome()
                    seen = Self.ids(bytes)
                    return seen.contains(last)
                }
                told += seen
                server.child.kill()
            }
            #expect(told == Array(1...told.count))
            #expect(told.count == 6)
        }

        @Test("SIGTERM ends the streams, and with them the server", .timeLimit(.minutes(3)))
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

        private static func follow(_ server: ServerProcess, after revision: Int) throws -> RawSocket {
            let socket = try RawSocket(url: server.url)
            try socket.send("GET /v1/events HTTP/1.1\r\nhost: x\r\nlast-event-id: \(revision)\r\n\r\n")
            return socket
        }

        /// The ids of the events whose frames are whole.
        private static func ids(_ bytes: String) -> [Int] {
            bytes.replacing("\r\n", with: "\n").components(separatedBy: "\n\n").dropLast().compactMap { frame in
                guard frame.contains("\ndata:") || frame.contains("data:") else { return nil }
                return frame.split(separator: "\n").first { $0.hasPrefix("id:") }
                    .flatMap { Int($0.dropFirst(3).trimmingCharacters(in: .whitespaces)) }
            }
        }
    }
}
