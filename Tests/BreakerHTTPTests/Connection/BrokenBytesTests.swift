import BreakerAPI
import BreakerEngine
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import BreakerHTTP

@Suite("Bytes that are not a valid request")
struct BrokenBytesTests {
    private static let head = "POST /v1/breakers/a/report HTTP/1.1\r\nhost: x\r\n"
    private static let acquire = "POST /v1/breakers/a/acquire HTTP/1.1\r\nhost: x\r\nx-request-id: before\r\n\r\n"

    static let garbage = [
        "garbage\r\n\r\n", "\0\0\0\0", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/2.0\r\nhost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "GET / HTTP/1.1\r\n: empty\r\n\r\n", "GET / HTTP/1.1\r\nbad name: x\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "\(head)content-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "\(head)content-length: 99999999999999999999\r\n\r\n",
        "\(head)content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "\(head)transfer-encoding: chunked\r\n\r\nzz\r\n",
        "\(head)transfer-encoding: chunked\r\n\r\n5\r\nabcdefgh\r\n0\r\n\r\n",
        "\(head)transfer-encoding: chunked\r\n\r\n-1\r\n",
        "\(head)transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nhost: x\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.0\r\nhost: x\r\nhost: y\r\n\r\n", "POST /v1/breakers/a/acquire HTTP/1.1\r\n\r\n",
        "\(head)host: y\r\ncontent-length: 0\r\n\r\n", "GET / HTTP/1.1\r\nhost : x\r\n\r\n",
        "GET / HTTP/1.1\r\n host: x\r\n\r\n", "GET / HTTP/1.1\r\nhost: x\r\ny: z\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\nhost: x\n\n", "GET / HTTP/1.1\r\nhost: x\r\ny: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\ny: a\0b\r\n\r\n",
        "GET /\r\n\r\n", "GET / HTTP/0.9\r\n\r\n", "GET / HTTP/1.2\r\nhost: x\r\n\r\n",
        "\(head)content-length: 1\r\ncontent-length: 1\r\n\r\na", "\(head)content-length: 1, 1\r\n\r\na",
        "\(head)content-length: +1\r\n\r\na", "\(head)content-length: 0x1\r\n\r\na",
        "POST /v1/breakers/a/report HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET livez HTTP/1.1\r\nhost: x\r\n\r\n", "GET * HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /livez#x HTTP/1.1\r\nhost: x\r\n\r\n", "GET ftp://x/livez HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET http:///livez HTTP/1.1\r\nhost: x\r\n\r\n", "GET http://u@x/livez HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET http://[::1].evil.com/livez HTTP/1.1\r\nhost: x\r\n\r\n", "GET http://x/livez HTTP/1.1\r\n\r\n",
        "GET x:80 HTTP/1.1\r\nhost: x\r\n\r\n",
    ]

    @Test(
        "An unsupported transfer coding is a 400 or a 501, and ends the connection",
        arguments: [
            "gzip", "identity", "gzip, chunked", "chunked, gzip", "chunked, chunked", "xchunked", "chunked;a=b",
        ]
    )
    func codings(coding: String) async throws {
        try await TestServer.with { server in
            for coding in [coding, coding.uppercased()] {
                try await ByteClient.run(server.port) { client in
                    try client.send(
                        Self.acquire + Self.head + "transfer-encoding: \(coding)\r\n\r\n0\r\n\r\n" + Self.acquire
                    )
                    #expect(try client.readAnswer().status == 200)
                    let answer = try client.readAnswer()
                    answer.expectProblem(answer.status == 501 ? .notImplemented : .malformedRequest)
                    #expect(try client.isAtEnd())
                }
            }
        }
    }

    @Test("Invalid bytes on a connection are answered with an error, and end it", arguments: garbage)
    func atOnce(bytes: String) async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                try client.send(bytes)
                let answer = try client.readAnswer()
                answer.expectProblem(.malformedRequest)
                #expect(answer["connection"] == "close")
                #expect(answer["content-length"] == "\(answer.body.count)")
                #expect(try client.isAtEnd())
            }
        }
    }

    @Test(
        "Invalid bytes after requests are answered with an error after those requests, and end the connection",
        arguments: garbage
    )
    func afterRequests(bytes: String) async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                try client.send(Self.acquire + Self.acquire + bytes)
                for _ in 1...2 {
                    let answer = try client.readAnswer()
                    #expect(answer.text == #"{"allowed":true,"state":"closed","permit":"1"}"#)
                    #expect(answer["x-request-id"] == "before")
                }
                let last = try client.readAnswer()
                last.expectProblem(.malformedRequest)
                #expect(last["x-request-id"] != "before")
                #expect(try client.isAtEnd())
            }
        }
    }

    @Test(
        "Requests that wait for the writer are answered before an error for the invalid bytes after them",
        arguments: [
            (ByteScript.report, [200, 400]), (ByteScript.acquire + ByteScript.report, [200, 200, 400]),
            (ByteScript.post("content-length: 21\r\n", body: #"{"outcome":"success"}"#, to: "report"), [200, 400]),
            (ByteScript.post("connection: close\r\n", to: "report?outcome=success"), [200]),
            (ByteScript.report + ByteScript.report, [200, 200, 400]),
            (ByteScript.report + ByteScript.missing, [200, 404, 400]),
        ]
    )
    func afterWaiting(requests: String, statuses: [Int]) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            try await server.engine.whileWriterStands { standstill in
                try await ByteClient.run { [server] in
                    let sender = try SplitSender(port: server.port)
                    let client = try ByteClient(port: server.port)
                    try client.send(requests + "garbage\r\n\r\n")
                    while server.engine.queueDepth < 1 { continue }
                    try client.send("garbage\r\n\r\n")
                    client.finishSending()
                    try sender.letServerRead()
                    standstill.end()
                    for status in statuses { #expect(try client.readAnswer().status == status) }
                    #expect(try client.isAtEnd())
                }
            }
        }
    }

    @Test(
        "A request that ends halfway is answered with an error if its client still reads",
        arguments: [
            "GET /livez HT", "GET /livez HTTP/1.1\r\nho", "\(head)content-length: 10\r\n\r\nabc",
            "\(head)transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        ]
    )
    func cutOff(bytes: String) async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                try client.send(bytes)
                client.finishSending()
                try client.readAnswer().expectProblem(.malformedRequest)
                #expect(try client.isAtEnd())
            }
            try await server.send(.GET, "/v1/breakers/a").expectProblem(.unknownBreaker)
        }
    }

    @Test("A client that sends nothing and closes gets no answer")
    func silence() async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                client.finishSending()
                let isAtEnd = try client.isAtEnd()
                #expect(isAtEnd)
            }
        }
    }

    @Test(
        "A request head above its bounds is a 431",
        arguments: [
            "GET / HTTP/1.1\r\nx: \(String(repeating: "a", count: 16_384))\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: x\r\n\(String(repeating: "x: a\r\n", count: 100))\r\n",
            "GET / HTTP/1.1\r\n\(String(repeating: "x: \(String(repeating: "a", count: 400))\r\n", count: 45))\r\n",
            "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nx: \(String(repeating: "a", count: 200_000))",
        ]
    )
    func headers(bytes: String) async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                try client.send(bytes)
                client.finishSending()
                let answer = try client.readAnswer()
                answer.expectProblem(.headersTooLarge)
                let detail = "the head of a request may have at most 16384 bytes and 100 fields"
                #expect(answer.json["detail"]?.text == detail)
                #expect(try client.isAtEnd())
            }
        }
    }

    @Test(
        "A request head within its bounds is accepted",
        arguments: [
            "x: \(String(repeating: "a", count: 15_000))\r\n", String(repeating: "x: a\r\n", count: 99),
        ]
    )
    func wideHead(fields: String) async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                try client.send("GET /livez HTTP/1.1\r\nhost: x\r\n\(fields)\r\n")
                #expect(try client.readAnswer().status == 200)
            }
        }
    }

    @Test("A client can go on sending after the error that ends its connection, whether or not it has a token")
    func sendsOn() async throws {
        let (token, _) = Token.make(name: "w", role: .worker, prefix: "")
        for tokens in [nil, [token]] {
            try await TestServer.with(tokens: tokens, times: .forSlowClients) { server in
                try await ByteClient.run { [server] in
                    let sender = try SplitSender(port: server.port)
                    let client = try ByteClient(port: server.port)
                    let head = "POST /v1/breakers/a/acquire HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
                    try client.send(head + "garbage")
                    #expect(try client.readAnswer().status == 400)
                    for _ in 1...20 {
                        try sender.letServerRead()
                        try client.send("garbage")
                    }
                    client.finishSending()
                    #expect(try client.isAtEnd())
                }
            }
        }
    }

    @Test(
        "The answer to a body of 10 MB can be read even by a client that sends the whole body first",
        arguments: [true, false]
    )
    func hugeBody(isChunked: Bool) async throws {
        try await TestServer.with(times: .forSlowClients) { server in
            try await ByteClient.run(server.port) { client in
                let size = 10 << 20
                let framing =
                    isChunked
                    ? "transfer-encoding: chunked\r\n\r\n\(String(size, radix: 16))\r\n"
                    : "content-length: \(size)\r\n\r\n"
                try client.send(Self.head + framing)
                try client.send([UInt8](repeating: UInt8(ascii: "a"), count: size))
                if isChunked { try client.send("\r\n0\r\n\r\n") }
                let answer = try client.readAnswer()
                answer.expectProblem(.bodyTooLarge)
                #expect(answer["connection"] == "close")
                #expect(try client.isAtEnd())
            }
        }
    }

    @Test("Random bytes neither crash the server nor keep a connection open", arguments: [31, 32, 33, 34] as [UInt64])
    func randomBytes(seed: UInt64) async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { _ in
                try Self.fuzz(seed, port: server.port) { answers in
                    #expect(answers.isEmpty || answers.hasPrefix("HTTP/1.1 "), "seed \(seed): \(answers.prefix(99))")
                }
            }
            #expect(try await server.send(.GET, "/livez").status == 200)
        }
    }

    @Test("Random bytes do not pass authentication", arguments: [41, 42, 43] as [UInt64])
    func randomBytesWithoutToken(seed: UInt64) async throws {
        let (token, secret) = Token.make(name: "w", role: .operator, prefix: "")
        try await TestServer.with(tokens: [token]) { server in
            try await ByteClient.run(server.port) { _ in
                let wrong = String(secret.dropLast()) + (secret.hasSuffix("0") ? "1" : "0")
                let shown = ["Bearer \(wrong)", "bearer \(secret.uppercased())", "Basic \(secret)", "Bearer", secret]
                try Self.fuzz(seed, port: server.port, more: shown.map { "authorization: \($0)\r\n" }) { answers in
                    let isLetIn = answers.contains("\"allowed\"") || answers.contains("\"applied\"")
                    #expect(!isLetIn, "seed \(seed): \(answers)")
                }
            }
            #expect(try await server.send(.GET, "/v1/breakers", secret: secret).json["breakers"]?.items.isEmpty == true)
        }
    }

    /// Sends requests that are assembled from random pieces and damaged at random bytes.
    private static func fuzz(
        _ seed: UInt64,
        port: Int,
        more: [String] = [],
        _ expect: (_ answers: String) -> Void
    ) throws {
        var random = SplitMix64(seed: seed)
        let pieces =
            more + [
                acquire, ByteScript.report, head, "\r\n", "transfer-encoding: chunked\r\n", "expect: 100-continue\r\n",
                "content-length: 3\r\n\r\nabc", "content-length: 0\r\n", "connection: close\r\n", "0\r\n\r\n",
                "POST /v1/breakers/b/report?outcome=failure&report_id=", " HTTP/1.1\r\n",
                "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n", "GET http://y/livez HTTP/1.1\r\nhost: x\r\n\r\n",
                "host: y\r\n",
            ]
        for _ in 0..<200 {
            let client = try ByteClient(port: port)
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes += Array(pieces.randomElement(using: &random)!.utf8)
            }
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            try client.send(bytes)
            client.finishSending()
            expect(try client.readToEnd())
        }
    }
}
