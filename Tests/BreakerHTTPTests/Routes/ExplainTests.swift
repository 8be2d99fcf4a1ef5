import BreakerAPI
import EngineSupport
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The explanation of a breaker")
struct ExplainTests {
    @Test("The explanation of an open breaker has all its fields")
    func open() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            server.clock.advance(byMs: 48_000)
            let json = try await server.send(.GET, "/v1/breakers/a/explain").json
            #expect(
                json.keys == [
                    "name", "at", "state", "not_closed_since", "text", "transition", "rule", "failures", "next",
                    "unstable", "openings_last_hour", "advice", "refused_reports",
                ]
            )
            #expect(
                json["text"]
                    == .string(
                        """
                        a has been open since 00:00:00 UTC (48 s ago): 5 consecutive failures; the last: timeout from checkout-7. \
                        The rule failure_threshold trips at 5. Calls are denied until 00:01:00 UTC (in 12 s); then one \
                        probe is let through, and one success closes it.
                        """
                    )
            )
            #expect(json["transition"] == (try await server.send(.GET, "/v1/breakers/a").json["last_transition"]))
            let rule: JSON = [
                "field": "failure_threshold", "threshold": 5, "observed": 5, "unit": "consecutive failures",
            ]
            #expect(json["rule"] == rule)
            #expect(json["failures"]?.items.count == 5)
            let next = try #require(json["next"]?.items.first)
            #expect(next["event"] == "half_open" && next["in_ms"] == 12_000)
            #expect(next["at"] == "2026-01-01T00:01:00.000Z")
            #expect(json["unstable"] == false && json["openings_last_hour"] == 1 && json["advice"] == .array([]))
        }
    }

    @Test("The explanation of an unstable breaker advises a better value beside the current one")
    func advice() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            for _ in 1...2 {
                server.clock.advance(byMs: 60_000)
                let permit = try #require(try await server.acquire("a").json["permit"]?.text)
                _ = try await server.report("a", "outcome=failure&permit=\(permit)")
            }
            let json = try await server.send(.GET, "/v1/breakers/a/explain").json
            #expect(json["unstable"] == true && json["openings_last_hour"] == 3)
            #expect(json["not_closed_since"] == "2026-01-01T00:00:00.000Z")
            let advice = try #require(json["advice"]?.items.first)
            #expect(advice["field"] == "recovery_timeout_multiplier")
            #expect(advice["current"] == 1 && advice["suggested"] == 2)
            #expect(json["failures"]?.items.count == 1)
        }
    }

    @Test("Viewers and operators may read an explanation within their prefix; an unknown name is a 404")
    func access() async throws {
        let (all, allSecret) = Token.make(name: "all", role: .operator, prefix: "")
        let (some, someSecret) = Token.make(name: "some", role: .viewer, prefix: "b")
        let (work, workSecret) = Token.make(name: "work", role: .worker, prefix: "")
        try await TestServer.with(tokens: [all, some, work]) { server in
            for name in ["a", "b"] {
                _ = try await server.send(.POST, "/v1/breakers/\(name)/acquire", secret: allSecret)
            }
            func explain(_ name: String, _ secret: String) async throws -> HTTPAnswer {
                try await server.send(.GET, "/v1/breakers/\(name)/explain", secret: secret)
            }
            #expect(try await explain("b", someSecret).status == 200)
            try await explain("a", someSecret).expectProblem(.forbidden)
            try await explain("b", workSecret).expectProblem(.forbidden)
            try await explain("c", allSecret).expectProblem(.unknownBreaker)
        }
    }
}
