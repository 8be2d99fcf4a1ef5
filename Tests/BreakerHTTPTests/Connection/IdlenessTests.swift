import BreakerEngine
import NIOCore
import Testing

@testable import BreakerHTTP

@Suite("Idle connections")
struct IdlenessTests {
    private static let report = "POST /v1/breakers/a/report?outcome=failure HTTP/1.1\r\nhost: x\r\n\r\n"

    /// A short idle time-out, but long enough for a client on a busy machine to send its first byte.
    private static var times: ConnectionTimes {
        var times = ConnectionTimes()
        times.idle = .seconds(2)
        return times
    }

    @Test(
        "A connection ends if it is silent at its start, within a head or after an answer",
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

    @Test("A connection ends if its request head arrives too slowly")
    func drip() async throws {
        try await TestServer.with(times: Self.times) { server in
            try await ByteClient.run(server.port) { client in
                try client.send("GET /livez HTTP/1.1\r\nhost: x\r\nx: ")
                // The loop ends with an error when the server closes the connection; a connection that stayed open
                // would accept all bytes.
                #expect(throws: ByteClient.Failure.self) {
                    for _ in 0..<15_000 {
                        try client.send("a")
                        _ = try Self.outlast(server.port)
                    }
                }
            }
        }
    }

    @Test(
        "A connection is not idle while its client waits for an answer of the lane or the router",
        arguments: [true, false]
    )
    func busy(isLane: Bool) async throws {
        try await TestServer.with(times: Self.times) { server in
            try await server.engine.whileWriterStands { standstill in
                try await ByteClient.run(server.port) { client in
                    try client.send(isLane ? Self.report : "GET /v1/breakers/b HTTP/1.1\r\nhost: x\r\n\r\n")
                    // Each connection that becomes idle and is closed shows that the idle time-out has passed.
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
