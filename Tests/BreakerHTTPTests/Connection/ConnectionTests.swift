import BreakerAPI
import BreakerCore
import BreakerEngine
import NIOCore
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Keeping and closing connections")
struct ConnectionTests {
    private static func post(_ path: String, _ fields: String = "", version: String = "1.1", body: String = "")
        -> String
    {
        "POST \(path) HTTP/\(version)\r\nhost: x\r\n\(fields)content-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test("Pipelined requests are answered in order, whether the panel, the writer or the router answers")
    func pipelining() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("known")
            try await ByteClient.run(server.port) { client in
                var script = ""
                for number in 1...50 {
                    script += Self.post("/v1/breakers/known/acquire", "x-request-id: panel-\(number)\r\n")
                    script += Self.post(
                        "/v1/breakers/b\(number)/report",
                        "x-request-id: writer-\(number)\r\n",
                        body: #"{"outcome":"success"}"#
                    )
                    script += "GET /v1/breakers?page_size=1 HTTP/1.1\r\nhost: x\r\nx-request-id: list-\(number)\r\n\r\n"
                }
                try client.send(script)
                for number in 1...50 {
                    for kind in ["panel", "writer", "list"] {
                        let answer = try client.readAnswer()
                        #expect(answer["x-request-id"] == "\(kind)-\(number)")
                        #expect(answer.status == 200)
                    }
                }
            }
        }
    }

    @Test(
        "Unread answers hold back the requests after them, and no answer is lost",
        arguments: ["GET /openapi.yaml", "POST /v1/breakers/a/acquire", "POST /v1/breakers/a/report?outcome=success"]
    )
    func flood(line: String) async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                let request = Array("\(line) HTTP/1.1\r\nhost: x\r\n\r\n".utf8)
                let requests = Array(repeatElement(request, count: 10_000).joined())
                var sent = 0
                while sent < 64 << 20, let count = try client.sendSome(requests[(sent % requests.count)...]) {
                    sent += count
                }
                #expect(sent < 32 << 20, "nothing held the client back")
                for _ in 1...500 { #expect(try client.readAnswer().status == 200) }
            }
        }
    }

    @Test(
        "Less than 64 KiB of answers wait for a client that has shown no token, and more for one that has shown it",
        .timeLimit(.minutes(2)),
        arguments: [false, true]
    )
    func unread(showsToken: Bool) async throws {
        let (token, secret) = Token.make(name: "boss", role: .operator, prefix: "")
        try await TestServer.with(tokens: [token]) { server in
            let (client, length) = try await ByteClient.run {
                let client = try ByteClient(port: server.port, receiveBuffer: 4_096)
                if showsToken {
                    try client.send("GET /v1/breakers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(secret)\r\n\r\n")
                    #expect(try client.readAnswer().status == 200)
                }
                let request = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"
                try client.send(request)
                let answer = try client.readAnswer()
                let requests = Array(String(repeating: request, count: 10_000).utf8)
                var sent = 0
                while sent < 64 << 20, let count = try client.sendSome(requests[(sent % requests.count)...]) {
                    sent += count
                }
                return (client, answer.head.utf8.count + answer.body.count)
            }
            let sample = #"fusebox_http_requests_total{route="/livez",method="GET",status="200"}"#
            var answers = 0
            // The server may still be answering. It stops by itself at the limit, or this test at its time limit.
            repeat {
                answers = Int(try #require(try await server.metrics(secret: secret)[sample]))
            } while showsToken && answers * length < 65_536
            if !showsToken { #expect(answers * length < 65_536, "\(answers) answers of \(length) bytes") }
            withExtendedLifetime(client) {}
        }
    }

    @Test("A client that does not read its answers is disconnected")
    func stall() async throws {
        var times = ConnectionTimes()
        times.stall = .milliseconds(200)
        try await TestServer.with(times: times) { server in
            try await ByteClient.run(server.port) { client in
                let request = Array("GET /openapi.yaml HTTP/1.1\r\nhost: x\r\n\r\n".utf8)
                let requests = Array(repeatElement(request, count: 2_000).joined())
                var sent = 0
                // The loop ends with an error when the server closes the connection. If the server never does, the loop
                // ends without one.
                #expect(throws: ByteClient.Failure.self) {
                    var timesHeldBack = 0
                    while timesHeldBack < 60 {
                        if let count = try client.sendSome(requests[(sent % requests.count)...]) {
                            sent += count
                        } else {
                            timesHeldBack += 1
                        }
                    }
                }
            }
        }
    }

    @Test(
        "A long answer on a closing connection arrives whole, even if it is read slowly",
        arguments: [("connection: close\r\n", false), ("connection: close\r\n", true), ("", true)]
    )
    func slowReader(fields: String, isHalfClosed: Bool) async throws {
        var times = ConnectionTimes()
        times.linger = .milliseconds(1)
        var configuration = Engine.Configuration()
        configuration.book.default.failureThreshold = nil
        try await TestServer.with(configuration: configuration, times: times) { server in
            // This is more than the kernel buffers at once, so that the rest must wait in the server.
            let detail = String(repeating: "x", count: 300)
            for batch in 1...3 {
                let reports = (1...10_000).map { number in
                    #"{"name":"b\#(batch)-\#(number / 500)","outcome":"failure","permit":null,"detail":"\#(detail)"}"#
                }
                let body = #"{"reports":[\#(reports.joined(separator: ","))]}"#
                #expect(try await server.send(.POST, "/v1/reports", body).status == 200)
            }
            try await ByteClient.run {
                let client = try ByteClient(port: server.port, receiveBuffer: 4_096)
                try client.send(Self.post("/v1/backup", fields))
                if isHalfClosed { client.finishSending() }
                let answer = try client.readAnswer()
                #expect(answer.status == 200 && answer.body.count > 8_000_000, "\(answer.body.count)")
            }
        }
    }

    @Test("Pipelined requests before a half-close are all answered, even if the answers are read slowly")
    func slowReaderOfMany() async throws {
        try await TestServer.with { server in
            try await ByteClient.run {
                let client = try ByteClient(port: server.port, receiveBuffer: 4_096)
                let request = "POST /v1/breakers/a/acquire HTTP/1.1\r\nhost: x\r\n\r\n"
                try client.send(String(repeating: request, count: 5_000))
                client.finishSending()
                for _ in 1...5_000 { #expect(try client.readAnswer().status == 200) }
                #expect(try client.isAtEnd())
            }
        }
    }

    @Test("A connection above the bound waits while all others wait for answers, and is served after that")
    func bound() async throws {
        try await TestServer.with(connections: 2) { server in
            try await server.engine.whileWriterStands { standstill in
                try await ByteClient.run {
                    let report = Self.post("/v1/breakers/a/report?outcome=success")
                    // One after the other, because the server may close a connection that does not wait for an answer
                    // yet.
                    let clients = try (1...2).map { count in
                        let client = try ByteClient(port: server.port)
                        try client.send(report)
                        while server.engine.queueDepth < count { continue }
                        return client
                    }
                    let third = try ByteClient(port: server.port)
                    try third.send(report)
                    standstill.end()
                    for client in clients + [third] { #expect(try client.readAnswer().status == 200) }
                }
            }
        }
    }

    @Test("A CONNECT request is refused, and the connection ends")
    func tunnel() async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                try client.send("CONNECT fusebox.example:80 HTTP/1.1\r\nhost: x\r\n\r\n")
                try client.readAnswer().expectProblem(.notImplemented)
                #expect(try client.isAtEnd())
            }
        }
    }

    @Test("A request may arrive one byte at a time")
    func pieces() async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                for byte in Self.post("/v1/breakers/a/report", body: #"{"outcome":"success"}"#).utf8 {
                    try client.send([byte])
                }
                #expect(try client.readAnswer().text == #"{"applied":true,"state":"closed","generation":1}"#)
            }
        }
    }

    @Test(
        "The connection ends after the answer if the client asks for that, and stays open otherwise",
        arguments: [
            ("1.1", "", false), ("1.1", "connection: close\r\n", true), ("1.1", "Connection: Close\r\n", true),
            ("1.1", "connection: keep-alive, close\r\n", true), ("1.1", "connection: keep-alive\r\n", false),
            ("1.0", "", true), ("1.0", "connection: keep-alive\r\n", false),
            ("1.1", "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", true),
        ]
    )
    func keepAlive(version: String, fields: String, closes: Bool) async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                try client.send(Self.post("/v1/breakers/a/acquire", fields, version: version))
                let answer = try client.readAnswer()
                #expect(answer.text == #"{"allowed":true,"state":"closed","permit":"1"}"#)
                #expect((answer["connection"] == "close") == closes, "\(answer.fields)")
                if closes {
                    #expect(try client.isAtEnd())
                } else {
                    try client.send(Self.post("/v1/breakers/a/acquire", fields, version: version))
                    #expect(try client.readAnswer().status == 200)
                }
            }
        }
    }

    @Test("A request that is pipelined after one that closes the connection is not executed")
    func afterClose() async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                try client.send(
                    Self.post("/v1/breakers/a/acquire", "connection: close\r\n") + Self.post("/v1/breakers/b/acquire")
                )
                #expect(try client.readAnswer().status == 200)
                #expect(try client.isAtEnd())
            }
            #expect(try await server.send(.GET, "/v1/breakers").names == ["a"])
        }
    }

    @Test("A client that has closed its sending side still gets its answers")
    func halfClosed() async throws {
        try await TestServer.with { server in
            try await server.engine.whileWriterStands { standstill in
                try await ByteClient.run(server.port) { [engine = server.engine] client in
                    try client.send(
                        Self.post("/v1/breakers/a/acquire") + Self.post("/v1/breakers/a/report?outcome=failure")
                    )
                    client.finishSending()
                    while engine.queueDepth < 1 { continue }
                    standstill.end()
                    #expect(try client.readAnswer().text == #"{"allowed":true,"state":"closed","permit":"1"}"#)
                    #expect(try client.readAnswer().text == #"{"applied":true,"state":"closed","generation":1}"#)
                    #expect(try client.isAtEnd())
                }
            }
        }
    }
}
