import BreakerAPI
import BreakerCore
import BreakerEngine
import NIOCore
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Request bodies")
struct BodyTests {
    /// A short time-out for bodies.
    private static var times: ConnectionTimes {
        var times = ConnectionTimes()
        times.body = .milliseconds(50)
        return times
    }

    private static func post(_ path: String, body: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nhost: x\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test("A chunked body may have extensions and trailers")
    func trailers() async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                try client.send("POST /v1/breakers/a/report HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
                try client.send("b;x=y\r\n{\"outcome\":\r\n9\r\n\"success\"\r\n1\r\n}\r\n0\r\nx-checksum: 1\r\n\r\n")
                try client.send(Self.post("/v1/breakers/a/acquire"))
                #expect(try client.readAnswer().text == #"{"applied":true,"state":"closed","generation":1}"#)
                #expect(try client.readAnswer().status == 200)
            }
        }
    }

    @Test(
        "The unfinished bodies of one token have a common bound, which leaves room for another token's bodies",
        .timeLimit(.minutes(2))
    )
    func budget() async throws {
        let tokens = ["greedy", "modest"].map { Token.make(name: $0, role: .worker, prefix: "") }
        try await TestServer.with(tokens: tokens.map(\.token)) { server in
            let heads = tokens.map { _, secret in
                "POST /v1/reports HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(secret)\r\ntransfer-encoding: chunked\r\n\r\n"
            }
            @Sendable func status(_ head: String) throws -> Int {
                let client = try ByteClient(port: server.port)
                try client.send(head + "e\r\n{\"reports\":[]}\r\n0\r\n\r\n")
                return try client.readAnswer().status
            }
            try await ByteClient.run {
                // The server reserves the maximum length for a chunked body.
                var unfinished: [ByteClient] = []
                for _ in 0..<HTTPLimits.bodiesOfClient / HTTPLimits.reportsBody {
                    unfinished.append(try ByteClient(port: server.port))
                    try unfinished.last?.send(heads[0] + "1\r\n")
                }
                while try status(heads[0]) != 503 { continue }
                #expect(try status(heads[1]) != 503)
                unfinished = []
                while try status(heads[0]) == 503 { continue }
            }
        }
    }

    @Test(
        "The unread answers of one token have a common bound, which leaves room for another token's answers",
        .timeLimit(.minutes(2))
    )
    func unreadAnswers() async throws {
        let tokens = ["greedy", "modest"].map { Token.make(name: $0, role: .viewer, prefix: "") }
        try await TestServer.with(tokens: tokens.map(\.token), unreadBytes: 1_000_000) { server in
            let reports = try (0..<500).map { number in
                Engine.AddressedReport(name: try #require(BreakerName("b\(number)")), report: Report(.success))
            }
            _ = try await server.engine.report(reports)
            let lists = tokens.map { _, secret in
                "GET /v1/breakers?page_size=1000 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(secret)\r\n\r\n"
            }
            /// A client that has read only the head of its answer.
            @Sendable func client(_ list: String) throws -> (ByteClient, status: Int) {
                let client = try ByteClient(port: server.port, receiveBuffer: 4_096)
                try client.send(list)
                return (client, try client.readAnswer(hasBody: false).status)
            }
            try await ByteClient.run {
                var unread = [try client(lists[0])]
                while unread[unread.count - 1].status == 200 { unread.append(try client(lists[0])) }
                #expect(unread[unread.count - 1].status == 503)
                #expect(unread.count > 1)
                #expect(try client(lists[1]).status == 200)
                unread = []
                while try client(lists[0]).status == 503 { continue }
            }
        }
    }

    @Test(
        "A client that expects 100-continue gets a 100 before its answer, except with HTTP/1.0",
        arguments: [
            ("1.1", "100-continue", true), ("1.1", "100-Continue", true), ("1.1", "something", false),
            ("1.0", "100-continue", false),
        ]
    )
    func expectContinue(version: String, expectation: String, getsContinue: Bool) async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                let body = #"{"outcome":"success"}"#
                let head = "content-length: \(body.utf8.count)\r\nexpect: \(expectation)\r\n\r\n"
                try client.send("POST /v1/breakers/a/report HTTP/\(version)\r\nhost: x\r\n\(head)")
                if getsContinue { #expect(try client.readAnswer().status == 100) }
                try client.send(body)
                #expect(try client.readAnswer().text == #"{"applied":true,"state":"closed","generation":1}"#)
            }
        }
    }

    @Test(
        "A body that is not complete in time is a 408 with the request's id",
        arguments: [
            "content-length: 10\r\n\r\nabc", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "content-length: 1\r\n\r\n",
        ]
    )
    func bodyDeadline(rest: String) async throws {
        try await TestServer.with(times: Self.times) { server in
            try await ByteClient.run(server.port) { client in
                try client.send("POST /v1/breakers/a/report HTTP/1.1\r\nhost: x\r\nx-request-id: slow-1\r\n\(rest)")
                let answer = try client.readAnswer()
                answer.expectProblem(.requestTimeout)
                #expect(answer["x-request-id"] == "slow-1")
                #expect(answer["connection"] == "close")
                #expect(try client.isAtEnd())
            }
        }
    }

    @Test(
        "A request whose body does not arrive whole is not carried out",
        .timeLimit(.minutes(2)),
        arguments: [false, true]
    )
    func unfinished(isHalfClosed: Bool) async throws {
        try await TestServer.with(times: isHalfClosed ? ConnectionTimes() : Self.times) { server in
            _ = try await server.acquire("a")
            try await ByteClient.run(server.port) { client in
                try client.send("DELETE /v1/breakers/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n")
                if isHalfClosed { client.finishSending() }
                #expect(try client.readAnswer().status == (isHalfClosed ? 400 : 408))
                #expect(try client.isAtEnd())
            }
            // The router counts the request once it has ended, which may be after the connection.
            var counted: [String] = []
            while counted.isEmpty {
                counted = try await server.metrics().keys.filter { $0.contains(#"method="DELETE""#) }
            }
            #expect(counted.count == 1)
            #expect(counted[0].contains(#"status="400""#))
            #expect(try await server.send(.GET, "/v1/breakers/a").status == 200)
        }
    }

    @Test("An invalid chunk after an early answer ends the connection")
    func brokenAfterAnswer() async throws {
        let (token, _) = Token.make(name: "a", role: .worker, prefix: "")
        try await TestServer.with(tokens: [token]) { server in
            try await ByteClient.run(server.port) { client in
                try client.send(
                    "POST /v1/breakers/a/report HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"
                )
                try client.readAnswer().expectProblem(.unauthorized)
                try client.send("zz\r\n")
                #expect(try client.isAtEnd())
            }
        }
    }

    @Test("The time-out of a body applies to one request only, and its connection outlives it")
    func deadlineIsOver() async throws {
        try await TestServer.with(times: Self.times) { server in
            try await ByteClient.run(server.port) { client in
                try client.send(Self.post("/v1/breakers/a/acquire"))
                #expect(try client.readAnswer().status == 200)
                // The time-out of another connection shows that the time has passed, without a sleep.
                let other = try ByteClient(port: server.port)
                try other.send("POST /v1/breakers/a/report HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n")
                try other.readAnswer().expectProblem(.requestTimeout)
                try client.send(Self.post("/v1/breakers/a/acquire"))
                #expect(try client.readAnswer().status == 200)
            }
        }
    }
}
