import BreakerAPI
import EngineSupport
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The history of a breaker over HTTP")
struct HistoryRouteTests {
    /// At 00:00 two successes, one of them slow, a report of two failures, and an acquire; at 00:02 an ignored call.
    private static func furnish(_ server: TestServer) async throws {
        _ = try await server.send(.PUT, "/v1/breakers/a", #"{"policy":{"slow_call_ms":100}}"#)
        for query in ["outcome=success", "outcome=success&duration_ms=100"] { _ = try await server.report("a", query) }
        _ = try await server.send(.POST, "/v1/reports", #"{"reports":[{"name":"a","outcome":"failure","count":2}]}"#)
        _ = try await server.acquire("a")
        server.clock.advance(byMs: 120_000)
        _ = try await server.report("a", "outcome=ignored")
    }

    @Test("A history has one point for each step, oldest first, including the current minute")
    func history() async throws {
        try await TestServer.with { server in
            try await Self.furnish(server)
            let answer = try await server.send(.GET, "/v1/breakers/a/history?from=2026-01-01T00:00:00Z")
            #expect(
                answer.text == #"""
                    {"name":"a","from":"2026-01-01T00:00:00.000Z","to":"2026-01-01T00:03:00.000Z","step_ms":60000,\#
                    "points":[\#
                    {"at":"2026-01-01T00:00:00.000Z","successes":2,"failures":2,"slow":1,"ignored":0,\#
                    "allowed":1,"denied":0},\#
                    {"at":"2026-01-01T00:01:00.000Z","successes":0,"failures":0,"slow":0,"ignored":0,\#
                    "allowed":0,"denied":0},\#
                    {"at":"2026-01-01T00:02:00.000Z","successes":0,"failures":0,"slow":0,"ignored":1,\#
                    "allowed":0,"denied":0}]}
                    """#
            )
        }
    }

    @Test("Decisions that clients made themselves are in the history, the totals and the metrics")
    func clientDecisions() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let items = #"{"name":"a","allowed":1,"denied":542},{"name":"b","allowed":1,"denied":0}"#
            let answer = try await server.send(.POST, "/v1/reports", #"{"decisions":[\#(items)]}"#)
            #expect(
                answer.text == #"""
                    {"accepted":0,"results":[],"decisions":[{"counted":true},\#
                    {"error":{"code":"unknown_breaker","detail":"there is no breaker b"}}]}
                    """#
            )
            #expect(try await server.send(.GET, "/v1/breakers/b").status == 404)
            let breaker = try await server.send(.GET, "/v1/breakers/a").json
            #expect(breaker["decisions"]?["allowed"] == 2)
            #expect(breaker["decisions"]?["denied"] == 542)
            #expect(breaker["state"] == "closed")
            let history = try await server.send(.GET, "/v1/breakers/a/history?from=2026-01-01T00:00:00Z").json
            #expect(history["points"]?.items.map { $0["denied"] } == [542])
            #expect(try await server.send(.GET, "/metrics").text.contains(#"decision="denied"} 542"#))
        }
    }

    @Test(
        "A history covers the whole requested time in the requested steps; the default is one hour in minutes",
        arguments: [
            ("", 60, 60_000), ("step=5m", 13, 300_000), ("step=1h", 2, 3_600_000), ("step=1d", 2, 86_400_000),
            ("step=7d", 2, 604_800_000),
            ("from=2025-12-25T00:01:00Z&to=2026-01-01T00:01:00Z", 10_080, 60_000),
            ("from=2025-12-25T00:00:59.999Z", 10_081, 60_000), ("from=2025-12-25T00:00:01Z", 10_081, 60_000),
            ("from=1970-01-01T00:00:00Z&to=1970-01-01T00:02:00Z", 2, 60_000),
            ("from=9998-12-31T00:00:00Z&to=9998-12-31T23:59:59.999Z&step=7d", 1, 604_800_000),
            ("from=2025-12-25T00:01:00Z&to=2026-01-01T00:01:00Z&step=1d", 8, 86_400_000),
            ("from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00.001Z", 1, 60_000),
        ]
    )
    func steps(query: String, count: Int, stepMs: Int64) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            server.clock.advance(byMs: 59_999)
            let answer = try await server.send(.GET, "/v1/breakers/a/history?\(query)")
            #expect(answer.status == 200)
            #expect(answer.json["points"]?.items.count == count)
            #expect(answer.json["step_ms"] == .integer(stepMs))
        }
    }

    @Test(
        "An invalid time or step of a history is refused, and the problem names the field",
        arguments: [
            ("from=yesterday", "from"), ("to=1", "to"), ("from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
            ("from=2026-01-02T00:00:00Z", "from"), ("from=2025-12-24T23:59:00Z&to=2026-01-01T00:00:00Z", "from"),
            ("from=1969-12-31T23:59:59.999Z&to=1970-01-01T00:00:00Z", "from"), ("to=9999-01-01T00:00:00Z", "to"),
            ("to=0000-01-02T00:00:00Z", "to"),
            ("step=", "step"), ("step=m", "step"), ("step=0m", "step"), ("step=-1m", "step"), ("step=+1m", "step"),
            ("step=1", "step"), ("step=1s", "step"), ("step=1.5h", "step"), ("step=8d", "step"),
            ("step=10081m", "step"), ("step=99999999999999999999d", "step"), ("step=%C3%A9m", "step"),
            ("from=2026-01-01T00:00:00Z&from=2026-01-01T00:00:00Z", "from"),
        ]
    )
    func refused(query: String, field: String) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            try await server.send(.GET, "/v1/breakers/a/history?\(query)").expectProblem(
                .invalidRequest,
                faults: [field]
            )
        }
    }

    @Test("A list includes the last hour of each breaker in 30 steps if the request asks for it")
    func list() async throws {
        try await TestServer.with { server in
            try await Self.furnish(server)
            _ = try await server.acquire("b")
            let list = try await server.send(.GET, "/v1/breakers?include=history")
            let zeros = String(repeating: "0,", count: 28)
            #expect(
                list.text.contains(
                    #""history":{"from":"2025-12-31T23:04:00.000Z","step_ms":120000,"successes":[\#(zeros)2,0],"#
                        + #""failures":[\#(zeros)2,0],"denied":[\#(zeros)0,0]}}"#
                )
            )
            #expect(list.names == ["a", "b"])
            let without = try await server.send(.GET, "/v1/breakers")
            #expect(!without.text.contains("history"))
            try await server.send(.GET, "/v1/breakers?include=all").expectProblem(.invalidRequest, faults: ["include"])
        }
    }

    @Test("The failure summary groups the failures of a time range by kind and by reporter")
    func summary() async throws {
        try await TestServer.with { server in
            _ = try await server.report("a", "outcome=failure&kind=dns")
            server.clock.advance(byMs: 1_000)
            for _ in 1...3 { _ = try await server.report("a", "outcome=failure&kind=timeout&reporter=checkout-7") }
            server.clock.advance(byMs: 1_000)
            let all = try await server.send(.GET, "/v1/breakers/a/failures/summary")
            #expect(
                all.text == #"""
                    {"name":"a","from":"2025-12-25T00:00:02.001Z","to":"2026-01-01T00:00:02.001Z","failures":4,\#
                    "text":"75 % timeout, from checkout-7",\#
                    "kinds":[{"kind":"timeout","failures":3,"share":0.75,\#
                    "reporters":[{"reporter":"checkout-7","failures":3,"share":1}]},\#
                    {"kind":"dns","failures":1,"share":0.25,\#
                    "reporters":[{"reporter":null,"failures":1,"share":1}]}],\#
                    "reporters":[{"reporter":"checkout-7","failures":3,"share":0.75},\#
                    {"reporter":null,"failures":1,"share":0.25}]}
                    """#
            )
            let path = "/v1/breakers/a/failures/summary"
            let first = try await server.send(.GET, path + "?to=2026-01-01T00:00:01Z")
            #expect(first.json["text"] == .string("100 % dns, from workers without a name"))
            let later = try await server.send(.GET, path + "?from=2026-01-01T00:00:02Z")
            #expect(later.json["text"] == .string("no failures"))
            try await server.send(.GET, path + "?from=2026-01-02T00:00:00Z")
                .expectProblem(.invalidRequest, faults: ["from"])
        }
    }

    @Test(
        "The history and the failure summary of an unknown breaker are a 404",
        arguments: ["history", "failures/summary"]
    )
    func unknown(path: String) async throws {
        try await TestServer.with { server in
            try await server.send(.GET, "/v1/breakers/none/\(path)").expectProblem(.unknownBreaker)
            try await server.send(.GET, "/v1/breakers/-/\(path)").expectProblem(.invalidRequest, faults: ["name"])
        }
    }
}
