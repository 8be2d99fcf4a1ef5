import BreakerCore
import NIOCore
import Testing

@testable import BreakerHTTP

@Suite("The requests that the lane accepts; the router handles all others")
struct LaneRequestTests {
    private static func bytes(_ target: String, _ fields: String = "", method: String = "POST", version: String = "1.1")
        -> String
    {
        "\(method) \(target) HTTP/\(version)\r\nHost: x\r\n\(fields)\r\n"
    }

    /// Whether the lane accepts the request at the beginning of `text`, which must then be all of `text`.
    private static func isTaken(_ text: String, tokens: [Token]? = nil) -> Bool {
        var credentials = Credentials(Gatekeeper(tokens: tokens))
        let buffer = ByteBuffer(string: text + "POST")
        guard let request = LaneRequest(at: buffer) else { return false }
        #expect(request.length == text.utf8.count)
        return credentials.client(for: request, in: buffer) != nil
    }

    @Test(
        "The lane accepts an acquire or a report in its plain form",
        arguments: [
            "/v1/breakers/a/acquire", "/v1/breakers/payments:charge.v1_2-x/acquire",
            "/v1/breakers/acquire/acquire", "/v1/breakers/a/report?outcome=success",
            "/v1/breakers/report/report?outcome=failure&permit=7-0123456789abcdef&kind=a+b%20c&count=1&x=y",
            "/v1/breakers/a/report?outcome=failure&age_ms=900000",
            "/v1/breakers/a/report?outcome=failure&duration_ms=12.5&age_ms=1e3",
        ]
    )
    func taken(target: String) {
        #expect(Self.isTaken(Self.bytes(target)))
        #expect(Self.isTaken("POST \(target) HTTP/1.1\r\nhost:\r\n\r\n"))
        let fields =
            "CONTENT-length:0\r\nX-Request-Id:  r \r\naccept: */*\r\nConnection: Keep-Alive\r\nempty:\r\n"
            + "user-agent: worker Mozilla/5.0\r\nsec-fetch: x\r\nSec-Fetch-Mode: cors\r\nUser-Agent: Moz\r\n"
        #expect(Self.isTaken(Self.bytes(target, fields)))
    }

    @Test("The lane reads the request id, the breaker's name and the report of a request")
    func content() throws {
        let buffer = ByteBuffer(
            string: Self.bytes("/v1/breakers/a/report?outcome=failure&permit=7&kind=a+b", "X-Request-ID:  r-1 \r\n")
        )
        let request = try #require(LaneRequest(at: buffer))
        #expect(request.requestID == "r-1")
        #expect(request.decision.name.value == "a")
        guard case .report(let report) = request.decision.event else {
            Issue.record("no report")
            return
        }
        #expect(report == .init(.failure, permit: .init(generation: 7), kind: "a b"))
    }

    @Test("The lane does not accept an incomplete request")
    func parts() {
        let whole = Self.bytes("/v1/breakers/a/report?outcome=success", "x-request-id: r\r\ncontent-length: 0\r\n")
        for length in 0..<whole.utf8.count {
            #expect(LaneRequest(at: ByteBuffer(bytes: whole.utf8.prefix(length))) == nil)
        }
    }

    @Test(
        "The lane does not accept any other target",
        arguments: [
            "/", "*", "", "/v1/breakers", "/v1/breakers/", "/v1/breakers//acquire", "/v1/breakers/a", "/v1/breakers/a/",
            "/v1/breakers/a/acquire/", "/v1/breakers/a/acquire?", "/v1/breakers/a/acquire?x=1",
            "/v1/breakers/a/acquire#x", "/v1/breakers/a/Acquire", "/v1/breakers/a/report", "/v1/breakers/a/reset",
            "/v1/breakers/-a/acquire", "/v1/breakers/%61/acquire", "/v1/breakers/a b/acquire", "/v1/breakers/é/acquire",
            "/V1/breakers/a/acquire", "/v1/breakers/\(String(repeating: "a", count: 129))/acquire",
            "http://x/v1/breakers/a/acquire", "//v1/breakers/a/acquire", "/v1/breakers/a/report?",
            "/v1/breakers/a/report?outcome=maybe", "/v1/breakers/a/report?outcome=success&outcome=success",
            "/v1/breakers/a/report?outcome=success&kind=é", "/v1/breakers/a/report?outcome=success&count=0",
            "/v1/breakers/a/report?outcome=success&duration_ms=NaN",
            "/v1/breakers/a/report?outcome=success&detail=%zz",
            "/v1/breakers/a/report?outcome=success#x", "/v1/breakers/a/report?outcome=success&x#y=z",
            "/v1/breakers/a/report?outcome=success x",
        ]
    )
    func otherTargets(target: String) {
        #expect(!Self.isTaken(Self.bytes(target)))
    }

    @Test(
        "The lane does not accept a request with a body, with special fields or in an unusual form",
        arguments: [
            "content-length: 1", "Content-Length: 00", "content-length: +0", "content-length: -0", "content-length:",
            "content-length: 0, 0", "content-length: 0 0", "content-length: 0\t", "content-length:\t0", "x:\ty",
            "x: a\tb",
            "transfer-encoding: chunked",
            "Transfer-Encoding: identity", "expect: 100-continue", "Upgrade: h2c", "connection: close",
            "Origin: http://x", "cookie: a=b", "Sec-Fetch-Site: same-origin", "sec-fetch-dest: empty",
            "SEC-FETCH-STORAGE-ACCESS: none", "sec-fetch-mode-x: cors", "Referer: http://x/", "referer:",
            "User-Agent: Mozilla/5.0",
            "Connection: keep-alive, close", "connection: upgrade", "Proxy-Connection: close", "x : y", " folded",
            ": x",
            "x", "x: \u{e9}", "x: \u{7f}", "x: a\u{0}b", "x: a\rb", "x: a\nb", "x_y: z",
        ]
    )
    func otherFields(field: String) {
        #expect(!Self.isTaken(Self.bytes("/v1/breakers/a/acquire", field + "\r\n")))
    }

    @Test(
        "The lane does not accept a request that repeats a field which may occur only once",
        arguments: ["authorization: x", "X-Request-ID: x", "content-length: 0"]
    )
    func repeated(field: String) {
        #expect(Self.isTaken(Self.bytes("/v1/breakers/a/acquire", "\(field)\r\n")))
        #expect(!Self.isTaken(Self.bytes("/v1/breakers/a/acquire", "\(field)\r\n\(field)\r\n")))
    }

    @Test(
        "The lane accepts a request only with one valid host field, with or without a port",
        arguments: [
            ("host: x", true), ("HOST: fusebox.example:7979", true), ("host: [::1]:7979", true), ("host: x:", true),
            ("host: a_b-c.", true), ("host: [fe80::1%25eth0]", true), ("host: x:65535", true), ("host:", true),
            ("x: y", false), ("host: x\r\nhost: x", false), ("host: [::1].evil.com", false),
            ("host: x@evil.com", false),
            ("host: a b", false), ("host: a,b", false), ("host: :80", false), ("host: x:65536", false),
            ("host: x:000080", false), ("host: x:8o", false), ("host: http://x", false), ("host: [::1", false),
            ("host: []", false), ("host: [evil.com]", false), ("host: ::1", false), ("host: x/y", false),
            ("host: %6c", false),
        ]
    )
    func hosts(field: String, isTaken: Bool) {
        #expect(Self.isTaken("POST /v1/breakers/a/acquire HTTP/1.1\r\n\(field)\r\n\r\n") == isTaken)
    }

    @Test(
        "The lane accepts only a POST of HTTP/1.1 with single spaces and CRLF line ends",
        arguments: [
            bytes("/v1/breakers/a/acquire", method: "GET"), bytes("/v1/breakers/a/acquire", method: "post"),
            bytes("/v1/breakers/a/acquire", version: "1.0"), bytes("/v1/breakers/a/acquire", version: "2.0"),
            bytes(" /v1/breakers/a/acquire"), bytes("/v1/breakers/a/acquire "),
            "\r\n" + bytes("/v1/breakers/a/acquire"),
            "POST /v1/breakers/a/acquire HTTP/1.1\n\n", "POST /v1/breakers/a/acquire HTTP/1.1\r\nhost: x\n\r\n",
            "POST /v1/breakers/a/acquire\r\n\r\n",
        ]
    )
    func otherLines(text: String) {
        #expect(!Self.isTaken(text))
    }

    @Test(
        "The lane accepts a head of up to 31 fields and 4 KiB",
        arguments: [(30, 10, true), (31, 10, false), (20, 300, false)]
    )
    func size(count: Int, length: Int, isTaken: Bool) {
        let field = "x: \(String(repeating: "a", count: length))\r\n"
        let text = Self.bytes("/v1/breakers/a/acquire", String(repeating: field, count: count))
        #expect(Self.isTaken(text) == isTaken)
    }

    @Test("The lane does not accept a request whose token is missing, invalid or not allowed")
    func access() {
        let (worker, workersSecret) = Token.make(name: "w", role: .worker, prefix: "pay:")
        let (viewer, viewersSecret) = Token.make(name: "v", role: .viewer, prefix: "")
        func isTaken(_ name: String, _ authorization: String?) -> Bool {
            let field = authorization.map { "Authorization: \($0)\r\n" } ?? ""
            return Self.isTaken(Self.bytes("/v1/breakers/\(name)/acquire", field), tokens: [worker, viewer])
        }
        #expect(isTaken("pay:a", "Bearer \(workersSecret)"))
        #expect(!isTaken("ship:a", "Bearer \(workersSecret)"))
        #expect(!isTaken("pay:a", "Bearer \(viewersSecret)"))
        #expect(!isTaken("pay:a", "Bearer \(workersSecret)0"))
        #expect(!isTaken("pay:a", nil))
    }
}
