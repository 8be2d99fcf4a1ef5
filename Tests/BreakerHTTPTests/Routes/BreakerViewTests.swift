import BreakerAPI
import EngineSupport
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The view of a breaker")
struct BreakerViewTests {
    private static let policy =
        #"""
        "policy":{"failure_threshold":5,"failure_count_threshold":null,"failure_rate_threshold":null,\#
        "slow_call_rate_threshold":null,"slow_call_ms":null,"minimum_calls":10,"window_ms":60000,\#
        "window_calls":null,"recovery_timeout_ms":60000,"recovery_timeout_multiplier":1,\#
        "recovery_timeout_max_ms":600000,"half_open_probes":1,"success_threshold":1,"probe_lease_ms":30000},
        """#

    @Test("The view of an unused breaker has every field, including nulls")
    func fresh() async throws {
        try await TestServer.with { server in
            let put = try await server.send(.PUT, "/v1/breakers/a", #"{"preset":"default"}"#)
            #expect(put["content-type"] == "application/json")
            let get = try await server.send(.GET, "/v1/breakers/a")
            #expect(
                get.text == #"""
                    {"name":"a","state":"closed","generation":1,"since":"2026-01-01T00:00:00.000Z",\#
                    "not_closed_since":null,"open_until":null,"retry_after_ms":null,\#
                    \#(Self.policy)\#
                    "policy_source":"api",\#
                    "counts":{"consecutive_failures":0,"calls":0,"failures":0,"slow":0,"failure_rate":null,\#
                    "slow_rate":null},\#
                    "rules":[{"field":"failure_threshold","observed":0,"threshold":5,"calls":null,\#
                    "minimum_calls":null,"progress":0}],\#
                    "decisions":{"allowed":0,"denied":0},\#
                    "probes":{"in_flight":0,"limit":1,"successes":0,"success_threshold":1,"lost":0},\#
                    "override":null,"last_transition":null,"last_failure":null,"openings_last_hour":0,\#
                    "unstable":false,\#
                    "created_at":"2026-01-01T00:00:00.000Z","last_seen_at":null}
                    """#
            )
            #expect(put.text == get.text.dropLast() + #","warnings":[]}"#)
            #expect(get["etag"] == "\"p1\"")
            let list = try await server.send(.GET, "/v1/breakers")
            let counts = #""counts":{"total":1,"closed":1,"open":0,"half_open":0,"overridden":0}"#
            #expect(list.text == #"{"breakers":["# + get.text + #"],"next_page_token":"",\#(counts)}"#)
        }
    }

    @Test("The view of a tripped breaker has the transition, the last failure and the remaining time")
    func open() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            server.clock.advance(byMs: 1_500)
            let answer = try await server.send(.GET, "/v1/breakers/a")
            #expect(
                answer.text == #"""
                    {"name":"a","state":"open","generation":2,"since":"2026-01-01T00:00:00.000Z",\#
                    "not_closed_since":"2026-01-01T00:00:00.000Z","open_until":"2026-01-01T00:01:00.000Z","retry_after_ms":58500,\#
                    \#(Self.policy)\#
                    "policy_source":"default",\#
                    "counts":{"consecutive_failures":0,"calls":0,"failures":0,"slow":0,"failure_rate":null,\#
                    "slow_rate":null},\#
                    "rules":[{"field":"failure_threshold","observed":0,"threshold":5,"calls":null,\#
                    "minimum_calls":null,"progress":0}],\#
                    "decisions":{"allowed":0,"denied":0},\#
                    "probes":{"in_flight":0,"limit":1,"successes":0,"success_threshold":1,"lost":0},"override":null,\#
                    "last_transition":{"revision":2,"from":"closed","to":"open","cause":"failure_threshold",\#
                    "detail":"5 consecutive failures; the last: timeout from checkout-7","actor":null,\#
                    "at":"2026-01-01T00:00:00.000Z"},\#
                    "last_failure":{"kind":"timeout","detail":null,"reporter":"checkout-7",\#
                    "duration_ms":null,"count":1,\#
                    "at":"2026-01-01T00:00:00.000Z"},"openings_last_hour":1,"unstable":false,\#
                    "created_at":"2026-01-01T00:00:00.000Z","last_seen_at":"2026-01-01T00:00:00.000Z"}
                    """#
            )
        }
    }

    @Test("A due transition is shown before it is stored, and reading it takes no revision")
    func due() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            server.clock.advance(byMs: 59_999)
            #expect(try await server.send(.GET, "/v1/breakers/a").json["state"] == "open")
            server.clock.advance(byMs: 1)
            for _ in 1...2 {
                let answer = try await server.send(.GET, "/v1/breakers/a")
                #expect(answer.json["state"] == "half_open")
                #expect(answer.json["since"] == "2026-01-01T00:01:00.000Z")
                #expect(answer.json["retry_after_ms"] == .null, "a probe may go")
                #expect(answer.json["last_transition"]?["cause"] == "failure_threshold")
            }
            #expect(try await server.send(.GET, "/v1/breakers?state=half_open").names == ["a"])
            let permit = try await server.acquire("a").json["permit"]?.text
            #expect(permit?.hasPrefix("3-") == true, "\(permit ?? "none")")
            let probing = try await server.send(.GET, "/v1/breakers/a").json
            #expect(probing["probes"]?["in_flight"] == .integer(1))
            #expect(probing["retry_after_ms"] == .integer(30_000))
        }
    }

    @Test(
        "The rates of a breaker are shares of the calls in the window",
        arguments: [(1, 3, 0.75), (1, 1, 0.5), (2, 1, 1.0 / 3)]
    )
    func rates(successes: Int, failures: Int, rate: Double) async throws {
        try await TestServer.with { server in
            _ = try await server.send(.PUT, "/v1/breakers/a", #"{"policy":{"slow_call_ms":100}}"#)
            for _ in 0..<failures { _ = try await server.report("a", "outcome=failure&duration_ms=100") }
            for _ in 0..<successes { _ = try await server.report("a", "outcome=success&duration_ms=99") }
            let counts = try await server.send(.GET, "/v1/breakers/a").json["counts"]
            #expect(counts?["calls"] == .integer(Int64(successes + failures)))
            #expect(counts?["failures"] == .integer(Int64(failures)))
            #expect(counts?["failure_rate"] == .decimal(rate))
            #expect(counts?["slow_rate"] == .decimal(rate))
        }
    }
}
