import BreakerAPI
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Invalid requests of workers")
struct ReportFaultTests {
    private static let longID = String(repeating: "x", count: 65)

    @Test(
        "An invalid body of a report is refused, and the problem names the field",
        arguments: [
            ("[]", "body"), ("null", "body"), ("\"a\"", "body"), ("1", "body"), ("nonsense", "body"), (" ", "body"),
            ("{", "body"), (#"{"outcome":"success"} x"#, "body"), (#"{"outcome":NaN}"#, "body"),
            (#"{"outcome":"success","outcome":"failure"}"#, "body"),
            (#"{"outcome":"success","duration_ms":1e999}"#, "body"),
            (
                #"{"outcome":"success","x":"# + String(repeating: "[", count: 20) + String(repeating: "]", count: 20)
                    + "}", "body"
            ),
            ("{}", "outcome"), (#"{"outcome":null}"#, "outcome"), (#"{"outcome":"bad"}"#, "outcome"),
            (#"{"outcome":"Success"}"#, "outcome"), (#"{"outcome":""}"#, "outcome"), (#"{"outcome":1}"#, "outcome"),
            (#"{"outcome":["success"]}"#, "outcome"), (#"{"outcome":true}"#, "outcome"),
            (#"{"outcome":"success","permit":7}"#, "permit"), (#"{"outcome":"success","permit":""}"#, "permit"),
            (#"{"outcome":"success","permit":"0"}"#, "permit"), (#"{"outcome":"success","permit":"-1"}"#, "permit"),
            (#"{"outcome":"success","permit":"07"}"#, "permit"), (#"{"outcome":"success","permit":"7-"}"#, "permit"),
            (#"{"outcome":"success","permit":"7-00000000000000FF"}"#, "permit"),
            (#"{"outcome":"success","permit":"7-0000000000000ff"}"#, "permit"),
            (#"{"outcome":"success","permit":"99999999999999999999"}"#, "permit"),
            (#"{"outcome":"success","duration_ms":"5"}"#, "duration_ms"),
            (#"{"outcome":"success","duration_ms":-1}"#, "duration_ms"),
            (#"{"outcome":"success","duration_ms":86400001}"#, "duration_ms"),
            (#"{"outcome":"success","duration_ms":-0.4}"#, "duration_ms"),
            (#"{"outcome":"success","duration_ms":86400000.1}"#, "duration_ms"),
            (#"{"outcome":"success","duration_ms":1e400}"#, "body"),
            (#"{"outcome":"success","duration_ms":NaN}"#, "body"),
            (#"{"outcome":"success","duration_ms":1e300}"#, "duration_ms"),
            (#"{"outcome":"success","duration_ms":9223372036854775808}"#, "duration_ms"),
            (#"{"outcome":"success","duration_ms":{}}"#, "duration_ms"),
            (#"{"outcome":"success","age_ms":"5"}"#, "age_ms"), (#"{"outcome":"success","age_ms":-1}"#, "age_ms"),
            (#"{"outcome":"success","age_ms":900001}"#, "age_ms"), (#"{"outcome":"success","age_ms":-0.4}"#, "age_ms"),
            (#"{"outcome":"success","age_ms":true}"#, "age_ms"), (#"{"outcome":"success","age_ms":[1]}"#, "age_ms"),
            (#"{"outcome":"success","kind":5}"#, "kind"), (#"{"outcome":"success","kind":["a"]}"#, "kind"),
            (#"{"outcome":"success","kind":"\#(longID)"}"#, "kind"),
            (#"{"outcome":"success","kind":"a\#(String(repeating: "\u{200d}", count: 64))"}"#, "kind"),
            (#"{"outcome":"success","reporter":"\#(longID)\#(longID)"}"#, "reporter"),
            (#"{"outcome":"success","detail":1}"#, "detail"),
            (#"{"outcome":"success","report_id":""}"#, "report_id"),
            (#"{"outcome":"success","report_id":5}"#, "report_id"),
            (#"{"outcome":"success","report_id":"\#(longID)"}"#, "report_id"),
            (#"{"outcome":"success","report_id":"a b"}"#, "report_id"),
            (#"{"outcome":"success","report_id":"é"}"#, "report_id"),
            (#"{"outcome":"success","report_id":"a\u0000"}"#, "report_id"),
            (#"{"outcome":"success","count":0}"#, "count"), (#"{"outcome":"success","count":10001}"#, "count"),
            (#"{"outcome":"success","count":1.5}"#, "count"),
            (#"{"outcome":"success","count":2,"permit":"7-00000000000000ff"}"#, "count"),
        ]
    )
    func body(text: String, field: String) async throws {
        try await TestServer.with { server in
            let answer = try await server.send(.POST, "/v1/breakers/a/report", text)
            answer.expectProblem(.invalidRequest, faults: [field])
            try await server.send(.GET, "/v1/breakers/a").expectProblem(.unknownBreaker)
        }
    }

    @Test(
        "An invalid query of a report is refused, and the problem names the field",
        arguments: [
            ("", "outcome"), ("?", "outcome"), ("?outcome", "outcome"), ("?Outcome=success", "outcome"),
            ("?outcome=success&outcome=success", "outcome"), ("?outcome=success&x=1&x=2", "x"),
            ("?outcome=success&o%75tcome=failure", "outcome"),
            ("?outcome=succ%", "outcome"), ("?outcome=succ%4", "outcome"), ("?outcome=succ%zz", "outcome"),
            ("?outcome=success&kind=%ff", "kind"), ("?outcome=success&kind=%c3", "kind"),
            ("?outcome=success&kind=%ed%a0%80", "kind"),
            ("?outcome=success&duration_ms=", "duration_ms"), ("?outcome=success&duration_ms=-0.4", "duration_ms"),
            ("?outcome=success&duration_ms=1e400", "duration_ms"), ("?outcome=success&duration_ms=1.", "duration_ms"),
            ("?outcome=success&duration_ms=inf", "duration_ms"), ("?outcome=success&duration_ms=.5", "duration_ms"),
            ("?outcome=success&duration_ms=1.5x", "duration_ms"), ("?outcome=success&duration_ms=%2B5", "duration_ms"),
            ("?outcome=success&duration_ms=%2B1.5", "duration_ms"),
            ("?outcome=success&duration_ms=86400000.1", "duration_ms"),
            ("?outcome=success&duration_ms=+5", "duration_ms"), ("?outcome=success&duration_ms=NaN", "duration_ms"),
            ("?outcome=success&duration_ms=-1", "duration_ms"), ("?outcome=success&duration_ms=0x10", "duration_ms"),
            ("?outcome=success&duration_ms=99999999999999999999", "duration_ms"),
            ("?outcome=success&age_ms=", "age_ms"), ("?outcome=success&age_ms=-1", "age_ms"),
            ("?outcome=success&age_ms=900001", "age_ms"), ("?outcome=success&age_ms=-0.4", "age_ms"),
            ("?outcome=success&age_ms=NaN", "age_ms"), ("?outcome=success&count=1.5", "count"),
            ("?outcome=success&age_ms=1&age_ms=1", "age_ms"),
            ("?outcome=success&permit=", "permit"), ("?outcome=success&permit=%207", "permit"),
            ("?outcome=success&report_id=a%20b", "report_id"), ("?outcome=success&report_id=", "report_id"),
            ("?outcome=success&kind=\(longID)", "kind"), ("?outcome=success&reporter=\(longID)\(longID)", "reporter"),
        ]
    )
    func query(text: String, field: String) async throws {
        try await TestServer.with { server in
            let answer = try await server.send(.POST, "/v1/breakers/a/report\(text)")
            answer.expectProblem(.invalidRequest, faults: [field])
        }
    }

    @Test(
        "A report with values at the bounds is accepted",
        arguments: [
            "outcome=failure&age_ms=0", "outcome=failure&duration_ms=0", "outcome=failure&duration_ms=86400000",
            "outcome=failure&kind=\(longID.dropLast())&reporter=\(longID)\(longID.dropLast(2))",
            "outcome=failure&report_id=\(longID.dropLast())", "outcome=failure&report_id=!~",
            "outcome=failure&kind=&reporter=",
            "outcome=failure&kind=a%00b+c%2Bd%26", "&outcome=failure&&",
            "outcome=failure&detail=\(String(repeating: "%F0%9F%98%80", count: 200))",
        ]
    )
    func bounds(query: String) async throws {
        try await TestServer.with { server in
            let answer = try await server.report("a", query)
            #expect(answer.text == #"{"applied":true,"state":"closed","generation":1}"#)
        }
    }

    @Test("A report with both a query and a body, or an acquire with a body, is refused")
    func both() async throws {
        try await TestServer.with { server in
            let both = try await server.send(.POST, "/v1/breakers/a/report?outcome=success", #"{"outcome":"success"}"#)
            both.expectProblem(.invalidRequest)
            try await server.send(.POST, "/v1/breakers/a/acquire", "{}").expectProblem(
                .invalidRequest,
                faults: ["body"]
            )
            try await server.send(.GET, "/v1/breakers/a").expectProblem(.unknownBreaker)
        }
    }

    @Test(
        "An invalid breaker name is refused on every route that has one",
        arguments: [
            "a%2Fb", "%C3%A9", "-a", ".", "%20", "a%20b", "a%00", "a+b", "%2e%2e", "a%", "a%ff", "a,b", "a%25",
            String(repeating: "a", count: 129),
        ]
    )
    func names(name: String) async throws {
        try await TestServer.with { server in
            for (method, path) in [
                ("POST", "/acquire"), ("POST", "/report?outcome=success"), ("GET", ""), ("DELETE", ""),
                ("GET", "/failures"),
                ("GET", "/transitions"), ("POST", "/reset"), ("DELETE", "/override"),
            ] {
                let answer = try await ByteClient.run(server.port) { client in
                    try client.send("\(method) /v1/breakers/\(name)\(path) HTTP/1.1\r\nhost: x\r\n\r\n")
                    return try client.readAnswer()
                }
                answer.expectProblem(.invalidRequest, faults: ["name"])
            }
        }
    }

    @Test(
        "The escapes of a breaker's name are decoded exactly once",
        arguments: [
            ("a%3Ab", "a:b"), ("%61", "a"), ("A.b_c:d-e", "A.b_c:d-e"),
            (String(repeating: "a", count: 128), String(repeating: "a", count: 128)),
        ]
    )
    func goodNames(sent: String, name: String) async throws {
        try await TestServer.with { server in
            let decision = try await server.acquire(sent)
            #expect(decision.status == 200)
            let view = try await server.send(.GET, "/v1/breakers/\(sent)")
            #expect(view.json["name"] == .string(name))
        }
    }
}
