import BreakerAPI
import NIOCore
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("A request's target and method")
struct RequestHeadTests {
    private static func ask(_ server: TestServer, _ line: String, _ fields: String...) async throws -> HTTPAnswer {
        try await ByteClient.run(server.port) { client in
            try client.send(([line + " HTTP/1.1"] + fields).map { $0 + "\r\n" }.joined() + "\r\n")
            return try client.readAnswer()
        }
    }

    @Test(
        "A target with an authority is routed by its path, in upper or lower case of the scheme",
        arguments: [
            ("GET http://x/livez", 200), ("GET HTTP://x:7979/livez?y=http://z", 200), ("GET https://[::1]/livez", 200),
            ("GET http://x", 200), ("GET http://x?y", 200), ("POST http://x/v1/breakers/a/acquire", 200),
            ("POST http://x/v1/breakers/a/report?outcome=success", 200), ("GET http://x/v1/gate/a", 200),
            ("GET http://x/nowhere", 404), ("OPTIONS http://x", 204), ("OPTIONS http://x/", 405),
        ]
    )
    func absolute(line: String, status: Int) async throws {
        try await TestServer.with { server in
            let answer = try await Self.ask(server, line, "host: y")
            #expect(answer.status == status, "\(answer.text)")
        }
    }

    @Test("The authority of a target takes precedence over the host field")
    func authority() async throws {
        try await TestServer.with { server in
            let unknown = try await Self.ask(server, "GET http://evil.example/v1/breakers", "host: localhost")
            unknown.expectProblem(.unknownHost)
            let known = try await Self.ask(server, "GET http://localhost/v1/breakers", "host: evil.example")
            #expect(known.status == 200)
            let foreign = try await Self.ask(
                server,
                "DELETE http://localhost:1/v1/breakers/a",
                "host: localhost:2",
                "origin: http://localhost:2"
            )
            foreign.expectProblem(.crossSite)
            let gate = try await Self.ask(server, "GET http://x/v1/gate/a", "host: x", "user-agent: Mozilla/5.0")
            #expect(gate.status == 503)
        }
    }

    @Test(
        "A target or a field with more than 30 combining marks in a row is refused",
        arguments: [("x", "\u{301}"), ("%CC%81", "x")]
    )
    func marks(inQuery: String, inField: String) async throws {
        try await TestServer.with { server in
            for (count, status) in [(30, 200), (31, 400)] {
                let query = String(repeating: inQuery, count: count)
                let field = "x-a: a" + String(repeating: inField, count: count)
                let answer = try await Self.ask(server, "GET /v1/breakers?q=a\(query)", "host: localhost", field)
                #expect(answer.status == status, "\(answer.text)")
            }
        }
    }

    @Test("A query has at most 64 parameters")
    func parameters() async throws {
        try await TestServer.with { server in
            for (count, status) in [(64, 200), (65, 400)] {
                let query = (1...count).map { "p\($0)=1" }.joined(separator: "&")
                let answer = try await Self.ask(server, "GET /v1/breakers?\(query)", "host: localhost")
                #expect(answer.status == status, "\(answer.text)")
            }
        }
    }

    @Test("OPTIONS * lists the methods of the server")
    func options() async throws {
        try await TestServer.with { server in
            let answer = try await Self.ask(server, "OPTIONS *", "host: x")
            #expect(answer.status == 204)
            #expect(answer["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")
            #expect(answer["x-request-id"]?.isEmpty == false)
            try await Self.ask(server, "OPTIONS /livez", "host: x").expectProblem(.methodNotAllowed)
        }
    }

    @Test(
        "The shortest request with an unknown method is recognised, and a line without a target is no request",
        arguments: [("X * HTTP/1.1\r\n", true), ("X  HTTP/1.1\r\n", false), ("X\r\nX * HTTP/1.0\r\n", true)]
    )
    func shortest(lines: String, isRequest: Bool) {
        #expect(ByteBuffer(string: lines).hasRequestOfUnknownMethod == isRequest)
    }

    @Test(
        "An unknown method is a 501 after any earlier requests, and ends the connection",
        arguments: ["FOO", "get", "GETS", "X-Y", "acquire"]
    )
    func unknownMethod(method: String) async throws {
        try await TestServer.with { server in
            try await ByteClient.run {
                let look = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"
                for before in ["", ByteScript.acquire, look, look + ByteScript.acquire] {
                    let client = try ByteClient(port: server.port)
                    try client.send("\(before)\(method) /livez HTTP/1.1\r\nhost: x\r\n\r\n" + look)
                    var answer = try client.readAnswer()
                    while answer.status == 200 { answer = try client.readAnswer() }
                    answer.expectProblem(.notImplemented)
                    #expect(answer["connection"] == "close")
                    #expect(try client.isAtEnd())
                }
            }
        }
    }
}
