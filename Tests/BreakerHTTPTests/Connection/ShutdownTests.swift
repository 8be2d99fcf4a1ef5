import BreakerAPI
import BreakerEngine
import NIOHTTP1
import ServiceLifecycle
import Testing

@testable import BreakerHTTP

@Suite("Requests in flight at a shutdown or a disconnection")
struct ShutdownTests {
    private static let report = "POST /v1/breakers/a/report?outcome=failure HTTP/1.1\r\nhost: x\r\n\r\n"

    @Test("A shutdown answers the requests that have arrived, and reports that the server is stopping")
    func graceful() async throws {
        try await TestServer.with { server in
            try await server.engine.whileWriterStands { standstill in
                // The shutdown closes a connection without a request, which shows when it has begun.
                let idle = try ByteClient(port: server.port)
                try idle.send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
                let busy = try ByteClient(port: server.port)
                try busy.send(Self.report + "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n")
                await server.engine.waitForQueue(of: 1)
                let alive = try await ByteClient.run { try idle.readAnswer() }
                #expect(alive.status == 200)
                await server.lifecycle.triggerGracefulShutdown()
                try await ByteClient.run {
                    #expect(try idle.isAtEnd())
                    #expect(throws: (any Error).self, "new connections are refused") {
                        let late = try ByteClient(port: server.port)
                        try late.send(Self.report)
                        _ = try late.readAnswer()
                    }
                    standstill.end()
                    #expect(try busy.readAnswer().text == #"{"applied":true,"state":"closed","generation":1}"#)
                    let readiness = try busy.readAnswer()
                    #expect(readiness.status == 503)
                    #expect(readiness.text == #"{"status":"stopping","storage":"ok"}"#)
                    #expect(try busy.isAtEnd())
                }
            }
        }
    }

    @Test("A report in the queue is applied even if its client disconnects", arguments: [true, false])
    func disconnected(abruptly: Bool) async throws {
        try await TestServer.with { server in
            try await server.engine.whileWriterStands { standstill in
                var gone: ByteClient? = try ByteClient(port: server.port)
                try gone?.send(Self.report)
                await server.engine.waitForQueue(of: 1)
                if abruptly { gone?.reset() }
                gone = nil
                // Once all of these are answered, every event loop has noticed that the client is gone.
                let witnesses = try (0..<32).map { _ in try ByteClient(port: server.port) }
                try await ByteClient.run {
                    for witness in witnesses { try witness.send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n") }
                    for witness in witnesses { #expect(try witness.readAnswer().status == 200) }
                }
                standstill.end()
            }
            let counts = try await server.send(.GET, "/v1/breakers/a").json["counts"]
            #expect(counts?["failures"] == .integer(1))
        }
    }

    @Test("A stopped engine refuses new work, but the panel still answers for the breakers that it knows")
    func engineStopped() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            await server.engine.stop()
            try await server.acquire("b").expectProblem(.shuttingDown)
            try await server.report("a", "outcome=failure").expectProblem(.shuttingDown)
            #expect(try await server.acquire("a").status == 200)
        }
    }
}
