import Testing

@testable import BreakerHTTP

@Suite("Scripts of requests on one connection")
struct ByteScriptTests {
    @Test("A script of requests gets the same answers in order wherever its bytes are split", arguments: ByteScript.all)
    func script(script: ByteScript) async throws {
        try await TestServer.with(times: .forSlowClients) { server in
            _ = try await server.acquire("a")
            try await ByteClient.run {
                let sender = try SplitSender(port: server.port)
                for place in script.bytes.indices {
                    let client = try sender.send(script.bytes, splitAt: [place])
                    try Self.expect(script, of: client, splitAt: place)
                }
            }
        }
    }

    private static func expect(_ script: ByteScript, of client: ByteClient, splitAt place: Int) throws {
        if script.ending == .halfClosed { client.finishSending() }
        for (number, status) in script.statuses.enumerated() {
            let answer = try client.readAnswer()
            #expect(answer.status == status, "answer \(number), split at \(place): \(answer.head)\(answer.text)")
        }
        switch script.ending {
        case .closes, .halfClosed: #expect(try client.isAtEnd(), "split at \(place)")
        case .stays:
            try client.send(ByteScript.acquire)
            #expect(try client.readAnswer().status == 200, "split at \(place)")
        }
    }
}

/// Bytes that a client sends, and the answers that it must get.
struct ByteScript: Sendable, CustomTestStringConvertible {
    enum Ending: Sendable {
        /// The server closes the connection after the last answer.
        case closes
        /// The connection stays open: another request is answered.
        case stays
        /// The client closes its sending side, and the server closes the connection after the last answer.
        case halfClosed
    }

    var testDescription: String
    var bytes: [UInt8]
    /// The status of each answer, in order.
    var statuses: [Int]
    var ending: Ending

    init(_ name: String, _ requests: [String], _ statuses: [Int], _ ending: Ending = .stays) {
        testDescription = name
        bytes = Array(requests.joined().utf8)
        self.statuses = statuses
        self.ending = ending
    }

    // The requests of the table. The lane decides `acquire` and `report`; the router handles all others.
    static let acquire = "POST /v1/breakers/a/acquire HTTP/1.1\r\nhost: x\r\n\r\n"
    static let report = "POST /v1/breakers/a/report?outcome=success HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"
    static let look = "GET /v1/breakers/a HTTP/1.1\r\nhost: x\r\n\r\n"
    static let missing = "GET /missing HTTP/1.1\r\nhost: x\r\n\r\n"
    static let absolute = "POST http://y/v1/breakers/a/acquire HTTP/1.1\r\nhost: x\r\n\r\n"
    static let garbage = "garbage\r\n\r\n"

    static func post(_ fields: String, version: String = "1.1", body: String = "", to route: String = "acquire")
        -> String
    {
        "POST /v1/breakers/a/\(route) HTTP/\(version)\r\nhost: x\r\n\(fields)\r\n\(body)"
    }

    private static let document = #"{"outcome":"success"}"#
    private static let reportBody = post("content-length: \(document.utf8.count)\r\n", body: document, to: "report")

    static let all = [
        ByteScript("one", [acquire], [200]),
        ByteScript("a lane request after a lane request", [acquire, report, acquire], [200, 200, 200]),
        ByteScript("a router request after a lane request", [report, missing, report, look], [200, 404, 200, 200]),
        ByteScript(
            "a lane request after a router request",
            [missing, acquire, missing, report],
            [404, 200, 404, 200]
        ),
        ByteScript("a body between", [report, reportBody, acquire], [200, 200, 200]),
        ByteScript("a half-close after a lane request", [acquire, report], [200, 200], .halfClosed),
        ByteScript("a half-close after a router request", [report, missing], [200, 404], .halfClosed),
        ByteScript("a half-close after a body", [reportBody], [200], .halfClosed),
        ByteScript("closes", [acquire, post("connection: close\r\n"), acquire], [200, 200], .closes),
        ByteScript("Closes", [post("Connection: Close\r\n"), missing], [200], .closes),
        ByteScript(
            "the router closes",
            ["GET /missing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", acquire],
            [404],
            .closes
        ),
        ByteScript("HTTP/1.0", [post("", version: "1.0"), acquire], [200], .closes),
        ByteScript("HTTP/1.0 that stays", [post("connection: keep-alive\r\n", version: "1.0"), acquire], [200, 200]),
        ByteScript("a body on acquire", [post("content-length: 2\r\n", body: "{}"), acquire], [400, 200]),
        ByteScript(
            "a chunked acquire",
            [post("transfer-encoding: chunked\r\n", body: "2\r\n{}\r\n0\r\n\r\n"), acquire],
            [400, 200]
        ),
        ByteScript(
            "a chunked acquire without a chunk",
            [post("transfer-encoding: chunked\r\n", body: "0\r\n\r\n"), acquire],
            [200, 200]
        ),
        ByteScript(
            "a body that is announced",
            [post("expect: 100-continue\r\ncontent-length: 21\r\n", body: document, to: "report"), acquire],
            [100, 200, 200]
        ),
        ByteScript("nothing that is announced", [post("expect: 100-continue\r\n"), acquire], [100, 200, 200]),
        ByteScript("garbage", [garbage], [400], .closes),
        ByteScript("two hosts after a lane request", [acquire, post("host: y\r\n"), acquire], [200, 400], .closes),
        ByteScript("an absolute target between", [acquire, absolute, report], [200, 200, 200]),
        ByteScript("garbage after a lane request", [acquire, report, garbage], [200, 200, 400], .closes),
        ByteScript("garbage after a router request", [missing, look, garbage], [404, 200, 400], .closes),
        ByteScript(
            "garbage in a body",
            [report, post("transfer-encoding: chunked\r\n", body: "zz\r\n")],
            [200, 400],
            .closes
        ),
        ByteScript(
            "garbage after the last request",
            [acquire, post("connection: close\r\n"), garbage],
            [200, 200],
            .closes
        ),
        ByteScript("a head that stops", [acquire, "POST /v1/breakers/a/acq"], [200, 400], .halfClosed),
        ByteScript("a body that stops", [report, post("content-length: 9\r\n", body: "{")], [200, 400], .halfClosed),
    ]
}
