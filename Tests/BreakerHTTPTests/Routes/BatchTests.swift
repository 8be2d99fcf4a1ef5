import BreakerAPI
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Batches of reports")
struct BatchTests {
    @Test("The items of a batch are answered in order, and a bad item does not affect the others")
    func items() async throws {
        try await TestServer.with { server in
            let answer = try await server.send(
                .POST,
                "/v1/reports",
                """
                {"reports":[
                    {"name":"a","outcome":"success","ignored":[]},
                    {"name":"a","outcome":"failure","count":3},
                    {"name":"a","outcome":"failure","count":3,"kind":"timeout"},
                    {"name":"a","outcome":"failure","count":2},
                    {"name":"b","outcome":"failure","permit":"7"},
                    {"name":"b","outcome":"maybe"},
                    {"name":"b/c","outcome":"success"},
                    {"outcome":"success"},
                    7,
                    {"name":"b","outcome":"success","report_id":"r"},
                    {"name":"b","outcome":"success","report_id":"r"},
                    {"name":"b","outcome":"failure","report_id":"r"}
                ],"unknown":true}
                """
            )
            #expect(answer.status == 200)
            #expect(answer["content-type"] == "application/json")
            #expect(answer["cache-control"] == "no-store")
            #expect(answer.json.keys == ["accepted", "results"])
            #expect(answer.json["accepted"] == .integer(7))
            let results = (answer.json["results"]?.items ?? []).map { String(decoding: $0.bytes, as: UTF8.self) }
            #expect(
                results.prefix(5) == [
                    #"{"applied":true,"state":"closed","generation":1}"#,
                    #"{"applied":true,"state":"closed","generation":1,"counted":3}"#,
                    #"{"applied":true,"state":"open","generation":2,"counted":2}"#,
                    #"{"applied":false,"reason":"open","state":"open","generation":2,"counted":0}"#,
                    #"{"applied":false,"reason":"stale_permit","state":"closed","generation":0}"#,
                ]
            )
            let errors = (answer.json["results"]?.items ?? [])[5...].map { $0["error"] }
            #expect(
                errors.map { $0?["code"]?.text } == [
                    "invalid_request", "invalid_request", "invalid_request", "invalid_request", nil, nil,
                    "report_id_conflict",
                ]
            )
            #expect(
                errors.prefix(4).map { $0?["detail"]?.text?.split(separator: " ").first } == [
                    "reports[5].outcome", "reports[6].name", "reports[7].name", "reports[8]",
                ]
            )
            #expect(
                results[9...10] == [
                    #"{"applied":true,"state":"closed","generation":3}"#,
                    #"{"applied":true,"state":"closed","generation":3,"duplicate":true}"#,
                ]
            )
            let failures = try await server.send(.GET, "/v1/breakers/a/failures").json["failures"]?.items ?? []
            #expect(failures.map { $0["count"]?.whole } == [2, 3])
        }
    }

    @Test(
        "A batch item whose name is outside the token's prefix is answered with forbidden; the other items are applied"
    )
    func foreign() async throws {
        let (token, secret) = Token.make(name: "checkout", role: .worker, prefix: "pay:")
        try await TestServer.with(tokens: [token]) { server in
            let body = #"{"reports":[{"name":"ship","outcome":"success"},{"name":"pay:a","outcome":"success"}]}"#
            let answer = try await server.send(.POST, "/v1/reports", body, secret: secret)
            #expect(
                answer.text == #"""
                    {"accepted":1,"results":[{"error":{"code":"forbidden","detail":\#
                    "the token checkout is limited to names that begin with pay:"}},{"applied":true,"state":"closed","generation":1}]}
                    """#
            )
        }
    }

    @Test("Reports and counts of decisions in one request have their own results, each within the token's prefix")
    func decisions() async throws {
        let (token, secret) = Token.make(name: "checkout", role: .worker, prefix: "pay:")
        let (boss, bossSecret) = Token.make(name: "boss", role: .operator, prefix: "")
        try await TestServer.with(tokens: [token, boss]) { server in
            for name in ["ship", "pay:a"] {
                _ = try await server.send(.POST, "/v1/breakers/\(name)/acquire", secret: bossSecret)
            }
            let counts = #"{"name":"ship","allowed":1,"denied":2},{"name":"pay:a","allowed":4,"denied":8}"#
            let body = #"{"decisions":[\#(counts)],"reports":[{"name":"pay:a","outcome":"success"}]}"#
            let answer = try await server.send(.POST, "/v1/reports", body, secret: secret)
            let forbidden = "the token checkout is limited to names that begin with pay:"
            #expect(
                answer.text == #"""
                    {"accepted":1,"results":[{"applied":true,"state":"closed","generation":2}],\#
                    "decisions":[{"error":{"code":"forbidden","detail":"\#(forbidden)"}},{"counted":true}]}
                    """#
            )
            for (name, denied) in [("ship", 0), ("pay:a", 8)] {
                let breaker = try await server.send(.GET, "/v1/breakers/\(name)", secret: bossSecret).json
                #expect(breaker["decisions"]?["denied"] == .integer(Int64(denied)), "\(name)")
            }
        }
    }

    @Test(
        "A body that is not a valid batch is refused as a whole",
        arguments: [
            ("", "body"), ("[]", "reports"), ("{}", "reports"), (#"{"reports":{}}"#, "reports"),
            (#"{"reports":null}"#, "reports"),
            (#"{"reports":[]}"#, "reports"), (#"{"reports":[],"reports":[]}"#, "body"),
            (batch(of: 10_001, "{}"), "reports"),
            (batch(of: 101, #"{"name":"a","outcome":"success","count":10000}"#), "reports"),
        ]
    )
    func refused(body: String, field: String) async throws {
        try await TestServer.with { server in
            try await server.send(.POST, "/v1/reports", body).expectProblem(.invalidRequest, faults: [field])
            try await server.send(.GET, "/v1/breakers/a").expectProblem(.unknownBreaker)
        }
    }

    @Test(
        "A batch of the maximum number of items or reports is accepted",
        arguments: [
            (10_000, #"{"name":"a","outcome":"success"}"#, 10_000),
            (100, #"{"name":"a","outcome":"success","count":10000}"#, 1_000_000),
        ]
    )
    func most(items: Int, item: String, accepted: Int64) async throws {
        try await TestServer.with { server in
            let answer = try await server.send(.POST, "/v1/reports", Self.batch(of: items, item))
            #expect(answer.json["accepted"] == .integer(accepted))
            #expect(answer.json["results"]?.items.count == items)
        }
    }

    private static func batch(of count: Int, _ item: String) -> String {
        #"{"reports":["# + Array(repeating: item, count: count).joined(separator: ",") + "]}"
    }
}
