import BreakerEngine
import NIOCore
import Testing

@testable import BreakerHTTP

@Suite("A connection that is silent for too long ends, and one that waits does not")
struct IdlenessTests {
    private static let report = "POST /v1/breakers/a/report?outcome=failure HTTP/1.1\r\nhost: x\r\n\r\n"

    /// Little time, and enough for a client that waits for its turn on a busy machine to send its first byte.
    private static var times: ConnectionTimes {
        var times = ConnectionTimes()
        times.idle = .seconds(2)
        return times
    }

    @Test(
        "Nothing sent, a head that does not end, and silence behind an answer end it",
        arguments: ["", "POST /v1/breakers/a/acq", "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n", report]
    )
    func idle(bytes: String) async throws {
        try await TestServer.with(times: Self.times) { server in
            try await ByteClient.run(server.port) { client in
                try client.send(bytes)
                let answers = try client.readToEnd()
                #expect(answers.hasPrefix("HTTP/1.1 200") == bytes.hasSuffix("\r\n\r\n"))
            }
        }
    }

    @Test("A head that drips does not keep a connection")
    func drip() async throws {
        try await TestServer.with(times: Self.times) { server in
            try await ByteClient.run(server.port) { client in
                try client.send("GET /livez HTTP/1.1\r\nhost: x\r\nx: ")
                // Ends with the connection; one that were kept would take them all.
                #expect(throws: ByteClient.Failure.self) {
                    for _ in 0..<15_000 {
                        try client.send("a")
                        _ = try Self.outlast(server.port)
                    }
                }
            }
        }
    }

    @Test("A client that waits for its answer, whoever gives it, is not idle", arguments: [true, false])
    func busy(isLane: Bool) async throws {
        try await TestServer.with(times: Self.times) { server in
            try await server.engine.whileWriterStands { standstill in
                try await ByteClient.run(server.port) { client in
                    try client.send(isLane ? Self.report : "GET /v1/breakers/b HTTP/1.1\r\nhost: x\r\n\r\n")
                    // Time passes: one connection after another becomes idle.
                    for _ in 1...2 { #expect(try Self.outlast(server.port)) }
                    standstill.end()
                    #expect(try client.readAnswer().status == (isLane ? 200 : 404))
                }
            }
        }
    }

    /// Waits until a connection without a request has been ended.
    private static func outlast(_ port: Int) throws -> Bool { try ByteClient(port: port).isAtEnd() }
}
