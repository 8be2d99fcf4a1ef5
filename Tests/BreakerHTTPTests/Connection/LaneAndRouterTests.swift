import BreakerAPI
import BreakerEngine
import EngineSupport
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The lane and the router give the same answers")
struct LaneAndRouterTests {
    /// A step of a sequence that is sent both to the lane and to the router.
    enum Step: Sendable {
        /// A POST to the breaker, with the rest of its path.
        case post(String, fields: String = "")
        /// The same, with the permit of the last probe.
        case postWithPermit(String)
        case order(HTTPMethod, String, String?)
        case advance(ms: Int64)
        /// From this step on the store cannot write.
        case lock
    }

    struct RequestSequence: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var steps: [Step]

        init(_ name: String, _ steps: [Step]) {
            testDescription = name
            self.steps = steps
        }
    }

    private static let trip = Array(repeating: Step.post("report?outcome=failure&kind=timeout&reporter=w-1"), count: 5)

    private static func override(_ mode: String, expiresInMs: String = "60000") -> Step {
        .order(.PUT, "/v1/breakers/a/override", #"{"mode":"\#(mode)","reason":"r","expires_in_ms":\#(expiresInMs)}"#)
    }

    private static let fractions: [Step] =
        ["12.4", "12.5", "1e3", "-0.4", "1e400", "NaN", "86400000.1"].flatMap { (number: String) -> [Step] in
            [.post("report?outcome=failure&duration_ms=\(number)"), .post("report?outcome=success&age_ms=\(number)")]
        }

    static let sequences = [
        RequestSequence("closed", [.post("acquire"), .post("report?outcome=success&permit=1"), .post("acquire")]),
        RequestSequence(
            "open",
            trip + [.post("acquire"), .advance(ms: 1), .post("acquire"), .post("report?outcome=success")]
        ),
        RequestSequence(
            "half open",
            trip + [
                .advance(ms: 60_000), .post("acquire"), .post("acquire"), .post("report?outcome=success"),
                .postWithPermit("report?outcome=success&duration_ms=20"), .postWithPermit("report?outcome=success"),
                .post("acquire"),
            ]
        ),
        RequestSequence(
            "a lost probe",
            trip + [
                .advance(ms: 60_000), .post("acquire"), .advance(ms: 30_000),
                .postWithPermit("report?outcome=failure"), .post("acquire"),
            ]
        ),
        RequestSequence(
            "overrides",
            trip + [
                override("force_open"), .post("acquire"), .post("report?outcome=failure"),
                override("force_open", expiresInMs: "null"), .post("acquire"), override("force_closed"),
                .post("acquire"), .post("report?outcome=failure&count=9"), override("shadow"), .post("acquire"),
            ]
        ),
        RequestSequence(
            "report ids",
            [
                .post("report?outcome=failure&report_id=r1"), .post("report?outcome=failure&report_id=r1"),
                .post("report?outcome=success&report_id=r1"), .post("report?outcome=failure&count=3&report_id=r2"),
                .post("report?outcome=failure&count=3&report_id=r2"),
            ]
        ),
        RequestSequence(
            "stale permits",
            [.post("report?outcome=failure&permit=7"), .post("acquire"), .post("report?outcome=failure&permit=7")]
        ),
        RequestSequence(
            "everything a report may say",
            [
                .post(
                    "report?outcome=failure&kind=http_503&detail=a+b%20c%C3%A9&reporter=w%2D1&duration_ms=5&unknown=1"
                ),
                .order(.GET, "/v1/breakers/a/failures", nil),
            ]
        ),
        RequestSequence("numbers with a fraction", fractions + [.order(.GET, "/v1/breakers/a/failures", nil)]),
        RequestSequence(
            "ages",
            [
                .post("report?outcome=failure&age_ms=0"), .advance(ms: 60_000),
                .post("report?outcome=failure&age_ms=5000"), .post("report?outcome=failure&age_ms=5001&count=99"),
                .post("report?outcome=failure&age_ms=59001"), .post("report?outcome=failure&age_ms=900000"),
                .post("report?outcome=failure&age_ms=1000&report_id=r1"), .advance(ms: 7_000),
                .post("report?outcome=failure&age_ms=8000&report_id=r1"),
                .order(.GET, "/v1/breakers/a/failures", nil),
            ]
        ),
        RequestSequence("a request id of its own", [.post("acquire", fields: "x-request-id: mine-1\r\n")]),
        RequestSequence("two hosts", [.post("acquire", fields: "host: x\r\n")]),
        RequestSequence(
            "fetch in Node.js",
            [.post("acquire", fields: "accept-language: *\r\nsec-fetch-mode: cors\r\n")]
        ),
        RequestSequence(
            "a browser of this machine",
            [.post("acquire", fields: "user-agent: Mozilla/5.0\r\nreferer: x\r\n")]
        ),
        RequestSequence("a client that closes", [.post("acquire", fields: "connection: close\r\n")]),
        RequestSequence(
            "nothing can be stored",
            [.post("acquire"), .lock, .post("acquire"), .post("report?outcome=success")]
        ),
        RequestSequence(
            "what is wrong",
            [
                "acquire?x", "report", "report?", "report?outcome=", "report?outcome=maybe",
                "report?outcome=success&outcome=success",
                "report?outcome=success&permit=0", "report?outcome=success&permit=1-xyz",
                "report?outcome=success&count=0",
                "report?outcome=success&count=2&permit=1-0123456789abcdef", "report?outcome=success&duration_ms=-1",
                "report?outcome=success&duration_ms=1e", "report?outcome=success&age_ms=-1",
                "report?outcome=success&age_ms=900001", "report?outcome=success&age_ms=x", "report?outcome=%",
                "report?%ff=1",
                "report?outcome=success&report_id=%20",
                "report?outcome=success&report_id=\(String(repeating: "r", count: 65))",
                "report?outcome=success&kind=\(String(repeating: "k", count: 65))", "acquire/", "acquires",
                "reports?outcome=success",
            ].map { .post($0) }
        ),
    ]

    @Test("The lane and the router answer the same sequence of requests with the same bytes", arguments: sequences)
    func sameAnswers(sequence: RequestSequence) async throws {
        let lane = try await Self.send(sequence, name: "a")
        let router = try await Self.send(sequence, name: "%61")
        #expect(lane.count == router.count && !lane.isEmpty)
        for (lane, router) in zip(lane, router) {
            #expect(lane.head == router.head)
            #expect(lane.text == router.text)
        }
    }

    /// - Parameter name: the breaker's name as written in each request; the lane accepts no name with an escape.
    private static func send(_ sequence: RequestSequence, name: String) async throws -> [HTTPAnswer] {
        var answers: [HTTPAnswer] = []
        try await TestServer.with { server in
            var permit = ""
            var lock: WriteLock?
            for step in sequence.steps {
                switch step {
                case .post(let rest, let fields):
                    answers.append(try await post("\(name)/\(rest)", fields, to: server))
                    permit = answers.last?.json["permit"]?.text ?? permit
                case .postWithPermit(let rest):
                    answers.append(try await post("\(name)/\(rest)&permit=\(permit)", "", to: server))
                case .order(let method, let path, let body):
                    let answer = try await server.send(method, path, body)
                    #expect(answer.status == 200)
                    if method == .GET { answers.append(HTTPAnswer(status: 200, fields: [], body: answer.body)) }
                case .advance(let ms): server.clock.advance(byMs: ms)
                case .lock: lock = try WriteLock(databasePath: server.databasePath)
                }
            }
            lock?.release()
        }
        return answers.map { masked($0) }
    }

    private static func post(_ path: String, _ fields: String, to server: TestServer) async throws -> HTTPAnswer {
        try await ByteClient.run(server.port) { client in
            try client.send("POST /v1/breakers/\(path) HTTP/1.1\r\nhost: x\r\n\(fields)content-length: 0\r\n\r\n")
            return try client.readAnswer()
        }
    }

    /// The answer without the parts that always differ: the date, an id that the server made, the id of a probe.
    private static func masked(_ answer: HTTPAnswer) -> HTTPAnswer {
        var masked = answer
        masked.head = answer.head
            .replacing(/Date: [^\r]+/, with: "Date:").replacing(/x-request-id: [0-9a-f]+/, with: "x-request-id:")
        masked.body = Array(answer.text.replacing(/-[0-9a-f]{16}/, with: "-").utf8)
        return masked
    }

    /// Fields that the lane reads, each with valid, unusual and invalid values.
    static let fields: [(name: String, values: [String])] = [
        ("content-length", ["0", "00", "+0", "-0", "", "5", "+5", "5,5", "0,0", "0, 0", "0 0", "0\t0", "0;", "0x0"]),
        ("host", ["x", "", "x:80", "[::1]", "a b", "x\ty", "x,y"]),
        ("connection", ["keep-alive", "close", "Keep-Alive", "keep-alive,close", "", "upgrade", "x"]),
        ("x-request-id", ["mine", "a b", "a\tb", "", "a,b"]),
        ("authorization", ["x", "Bearer x", ""]),
        ("user-agent", ["Mozilla/5.0", "curl", ""]),
        ("expect", ["x", ""]),
        ("transfer-encoding", ["identity", "", "gzip"]),
        ("origin", ["", "http://x", "null"]),
        ("accept", ["", "x", "x\ty", "\u{7f}"]),
    ]

    @Test("The lane and the router treat a field the same, whatever whitespace surrounds its value", arguments: fields)
    func judgements(name: String, values: [String]) async throws {
        try await TestServer.with { server in
            try await TestServer.with(usesLane: false) { other in
                try await ByteClient.run { [ports = [server.port, other.port]] in
                    for (value, (before, after)) in values.flatMap({ value in Self.whitespace.map { (value, $0) } }) {
                        let field = "\(name):\(before)\(value)\(after)\r\n"
                        for fields in [field, field + field] {
                            let host = name == "host" ? "" : "host: x\r\n"
                            let request = "POST /v1/breakers/a/acquire HTTP/1.1\r\n\(host)\(fields)\r\n"
                            let answers = try ports.map { port in
                                let client = try ByteClient(port: port)
                                try client.send(request + ByteScript.acquire)
                                client.finishSending()
                                return MaskedAnswers(try client.readToEnd()).texts
                            }
                            #expect(answers[0] == answers[1], "\(fields.debugDescription)")
                        }
                    }
                }
            }
        }
    }

    /// Requests cut in two where a byte is inserted.
    static let cutRequests = [
        ("POST", " /v1/breakers/a/acquire HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("POST /v1/breakers/a", "/acquire HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("POST /v1/breakers/a/report?outcome=success&x", "=y HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("POST /v1/breakers/a/report?outcome=failure&kind=x", " HTTP/1.1\r\nhost: x\r\n\r\n"),
        ("POST /v1/breakers/a/acquire HTTP/1.1", "\r\nhost: x\r\n\r\n"),
        ("POST /v1/breakers/a/acquire HTTP/1.1\r\nhost: x", "\r\n\r\n"),
        ("POST /v1/breakers/a/acquire HTTP/1.1\r\nhost: x\r\nx", ": y\r\n\r\n"),
        ("POST /v1/breakers/a/acquire HTTP/1.1\r\nhost: x\r\nx-request-id: y", "\r\n\r\n"),
    ]

    @Test("The lane and the router treat every byte the same, wherever it is in a request", arguments: cutRequests)
    func insertedByte(start: String, end: String) async throws {
        try await TestServer.with(times: .forSlowClients) { server in
            try await TestServer.with(times: .forSlowClients, usesLane: false) { other in
                try await ByteClient.run { [ports = [server.port, other.port]] in
                    for byte in UInt8.min...UInt8.max {
                        let answers = try ports.map { port in
                            let client = try ByteClient(port: port)
                            try client.send(Array(start.utf8) + [byte] + Array((end + ByteScript.acquire).utf8))
                            client.finishSending()
                            return MaskedAnswers(try client.readToEnd())
                        }
                        #expect(answers[0].agree(with: answers[1]), "byte \(byte): \(answers.map(\.texts))")
                    }
                }
            }
        }
    }

    private static let whitespace = [
        ("", ""), (" ", ""), ("\t", ""), (" ", " "), (" ", "\t"), (" \t", "\t "), (" ", "\u{b}"), ("\u{c}", ""),
    ]

    @Test("The lane and the router give the same answer at the maximum number of breakers")
    func breakerLimit() async throws {
        var configuration = Engine.Configuration()
        configuration.maximumBreakers = 1
        try await TestServer.with(configuration: configuration) { server in
            _ = try await server.acquire("first")
            let lane = Self.masked(try await Self.post("a/acquire", "", to: server))
            let router = Self.masked(try await Self.post("%61/acquire", "", to: server))
            lane.expectProblem(.breakerLimit)
            #expect(lane.head == router.head)
            #expect(lane.text == router.text)
        }
    }

    @Test("The lane and the router refuse a token the same way, also after other tokens on the same connection")
    func access() async throws {
        let (worker, workersSecret) = Token.make(name: "w", role: .worker, prefix: "a")
        let (viewer, viewersSecret) = Token.make(name: "v", role: .viewer, prefix: "")
        try await TestServer.with(tokens: [worker, viewer]) { server in
            for path in ["a/acquire", "b/acquire", "a/report?outcome=success", "b/report?outcome=success"] {
                var answers: [[HTTPAnswer]] = []
                for path in [path, "%6\(path.hasPrefix("a") ? 1 : 2)\(path.dropFirst())"] {
                    answers.append(
                        try await ByteClient.run(server.port) { client in
                            try [workersSecret, nil, viewersSecret, "fbx_0", workersSecret].map { secret in
                                let field = secret.map { "authorization: Bearer \($0)\r\n" } ?? ""
                                try client.send("POST /v1/breakers/\(path) HTTP/1.1\r\nhost: x\r\n\(field)\r\n")
                                return Self.masked(try client.readAnswer())
                            }
                        }
                    )
                }
                let allowed = path.hasPrefix("a") ? 200 : 403
                #expect(answers[0].map(\.status) == [allowed, 401, 403, 401, allowed])
                #expect(answers[0].map(\.head) == answers[1].map(\.head))
                #expect(answers[0].map(\.text) == answers[1].map(\.text))
            }
        }
    }
}
