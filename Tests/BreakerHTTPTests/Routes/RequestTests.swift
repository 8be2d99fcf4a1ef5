import BreakerAPI
import BreakerEngine
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Requests according to HTTP")
struct RequestTests {
    @Test(
        "A request's id is echoed if it is short and visible; otherwise the server creates one",
        arguments: [
            ("abc-123", true), ("~!", true), (String(repeating: "i", count: 128), true),
            (String(repeating: "i", count: 129), false), ("a b", false), ("", false), ("é", false),
        ]
    )
    func requestID(given: String, echoed: Bool) async throws {
        try await TestServer.with { server in
            for (method, path) in [
                ("GET", "/livez"), ("GET", "/nowhere"), ("POST", "/v1/breakers/a/acquire"), ("PUT", "/livez"),
            ] {
                let answer = try await server.send(
                    HTTPMethod(rawValue: method),
                    path,
                    fields: [("x-request-id", given)]
                )
                let id = try #require(answer["x-request-id"])
                #expect((id == given) == echoed, "\(id)")
                #expect(!id.isEmpty)
            }
        }
    }

    @Test(
        "A request target may have a scheme and a host, and no empty segments",
        arguments: [
            ("http://fusebox.example:7979/livez", 200), ("HTTP://x/livez?a=b", 200), ("http://x/nowhere", 404),
            ("http://x", 200), ("*", 400),
            ("//livez", 404), ("/livez/", 404),
        ]
    )
    func targets(target: String, status: Int) async throws {
        try await TestServer.with { server in
            let answer = try await ByteClient.run(server.port) { client in
                try client.send("GET \(target) HTTP/1.1\r\nhost: x\r\n\r\n")
                return try client.readAnswer()
            }
            #expect(answer.status == status, "\(answer.text)")
        }
    }

    @Test(
        "A request target with a byte that is not visible ASCII is refused",
        arguments: [[0xff], [0xc3, 0xa9], [0], [0x7f]] as [[UInt8]]
    )
    func rawBytes(bytes: [UInt8]) async throws {
        try await TestServer.with { server in
            let answer = try await ByteClient.run(server.port) { client in
                try client.send("POST /v1/breakers/a/report?outcome=failure&kind=")
                try client.send(bytes)
                try client.send(" HTTP/1.1\r\nhost: x\r\n\r\n")
                return try client.readAnswer()
            }
            answer.expectProblem(.malformedRequest)
        }
    }

    @Test("Two requests without an id get different ids")
    func freshIDs() async throws {
        try await TestServer.with { server in
            let ids = [
                try await server.send(.GET, "/livez")["x-request-id"],
                try await server.send(.GET, "/livez")["x-request-id"],
            ]
            #expect(ids[0] != ids[1])
        }
    }

    @Test(
        "A body is read as JSON whatever its content type, and only without a content encoding",
        arguments: [
            ("content-type", "application/x-www-form-urlencoded", 200), ("content-type", "text/plain", 200),
            ("content-encoding", "identity", 200), ("content-encoding", "Identity", 200),
            ("content-encoding", "gzip", 415), ("content-encoding", "br, identity", 415),
        ]
    )
    func encodings(field: String, value: String, status: Int) async throws {
        try await TestServer.with { server in
            let body = #"{"outcome":"success"}"#
            let answer = try await server.send(.POST, "/v1/breakers/a/report", body, fields: [(field, value)])
            #expect(answer.status == status)
            if status == 415 { answer.expectProblem(.unsupportedEncoding) }
        }
    }

    @Test(
        "A body that is too large is a 413, by its content length or by the bytes received",
        arguments: [
            ("/v1/breakers/a/report", 65_536), ("/v1/reports", 4_194_304), ("/v1/breakers/a/acquire", 65_536),
            ("/v1/session", 4_096),
        ]
    )
    func bodySize(path: String, maximum: Int) async throws {
        try await TestServer.with { server in
            for isChunked in [false, true] {
                for (size, isTooLarge) in [(maximum, false), (maximum + 1, true)] {
                    let framing =
                        isChunked
                        ? "transfer-encoding: chunked\r\n\r\n\(String(size, radix: 16))\r\n"
                        : "content-length: \(size)\r\n\r\n"
                    try await ByteClient.run(server.port) { client in
                        try client.send("POST \(path) HTTP/1.1\r\nhost: x\r\n\(framing)")
                        try client.send([UInt8](repeating: UInt8(ascii: " "), count: size))
                        if isChunked { try client.send("\r\n0\r\n\r\n") }
                        let answer = try client.readAnswer()
                        answer.expectProblem(
                            isTooLarge ? .bodyTooLarge : .invalidRequest,
                            faults: isTooLarge ? nil : ["body"]
                        )
                        #expect((answer["connection"] == "close") == isTooLarge)
                    }
                }
            }
        }
    }
}
