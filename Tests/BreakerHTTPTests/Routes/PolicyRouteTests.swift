import BreakerAPI
import BreakerCore
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("PUT and PATCH of policies")
struct PolicyRouteTests {
    @Test(
        "A field that a PUT omits takes the preset's value, or the built-in default",
        arguments: [
            (#"{"preset":"default"}"#, [:]),
            (#"{"preset":"flaky"}"#, ["recovery_timeout_ms": .integer(30_000)]),
            (#"{"preset":"slow"}"#, ["recovery_timeout_ms": .integer(120_000)]),
            (#"{"preset":"rate"}"#, ["failure_threshold": .null, "failure_rate_threshold": .decimal(0.5)]),
            (#"{"policy":{}}"#, [:]),
            (#"{"policy":{"failure_threshold":3}}"#, ["failure_threshold": .integer(3)]),
            (#"{"policy":{"failure_threshold":3.0}}"#, ["failure_threshold": .integer(3)]),
            (#"{"policy":{"failure_threshold":null}}"#, ["failure_threshold": .null]),
            (#"{"policy":{"window_calls":20}}"#, ["window_ms": .null, "window_calls": .integer(20)]),
            (
                #"{"policy":{"recovery_timeout_ms":700000}}"#,
                ["recovery_timeout_ms": .integer(700_000), "recovery_timeout_max_ms": .integer(700_000)]
            ),
            (
                #"{"preset":"flaky","policy":{"failure_threshold":3}}"#,
                ["recovery_timeout_ms": .integer(30_000), "failure_threshold": .integer(3)]
            ),
            (#"{"policy":{"recovery_timeout_ms":40000},"preset":"flaky"}"#, ["recovery_timeout_ms": .integer(40_000)]),
        ] as [(String, [String: JSON])]
    )
    func put(body: String, differences: [String: JSON]) async throws {
        try await TestServer.with { server in
            let new = try await server.send(.PUT, "/v1/breakers/a", body)
            #expect(new.status == 201)
            #expect(new["etag"] == "\"p1\"")
            #expect(new.json["policy"] == Self.policy(with: differences))
            #expect(new.json["policy_source"] == "api")
            _ = try await server.send(
                .PUT,
                "/v1/breakers/b",
                #"{"policy":{"success_threshold":9,"failure_count_threshold":7}}"#
            )
            let old = try await server.send(.PUT, "/v1/breakers/b", body)
            #expect(old.status == 200)
            #expect(old["etag"] == "\"p3\"")
            #expect(old.json["policy"] == Self.policy(with: differences), "nothing of the policy before is left")
        }
    }

    @Test(
        "A PATCH changes only the fields it names; null disables a field, or restores the default of a required one",
        arguments: [
            ("{}", [:]),
            (#"{"failure_threshold":null}"#, ["failure_threshold": .null]),
            (#"{"minimum_calls":null}"#, ["minimum_calls": .integer(10)]),
            (#"{"recovery_timeout_ms":50000}"#, ["recovery_timeout_ms": .integer(50_000)]),
            (#"{"window_ms":30000}"#, ["window_ms": .integer(30_000), "window_calls": .null]),
            (#"{"window_calls":null}"#, ["window_ms": .integer(60_000), "window_calls": .null]),
            (#"{"window_ms":null}"#, [:]),
            (#"{"window_ms":30000,"window_calls":null}"#, ["window_ms": .integer(30_000), "window_calls": .null]),
            (#"{"window_ms":null,"window_calls":60}"#, ["window_calls": .integer(60)]),
        ] as [(String, [String: JSON])]
    )
    func patch(policy: String, differences: [String: JSON]) async throws {
        try await TestServer.with { server in
            let before =
                [
                    "failure_threshold": .integer(3), "minimum_calls": .integer(20), "window_calls": .integer(50),
                    "window_ms": .null,
                ] as [String: JSON]
            _ = try await server.send(
                .PUT,
                "/v1/breakers/a",
                #"{"policy":{"failure_threshold":3,"minimum_calls":20,"window_calls":50}}"#
            )
            let answer = try await server.send(.PATCH, "/v1/breakers/a", #"{"policy":\#(policy)}"#)
            #expect(answer.status == 200)
            #expect(answer.json["policy"] == Self.policy(with: before.merging(differences) { $1 }))
        }
    }

    @Test(
        "An invalid policy document is refused as a whole, and the problem names every field at fault",
        arguments: [
            ("", ["body"]), ("[]", ["body"]), ("{}", ["policy"]), (#"{"policy":7}"#, ["policy"]),
            (#"{"policy":null}"#, ["policy"]),
            (#"{"policy":{},"x":1,"y":2}"#, ["x", "y"]), (#"{"Policy":{}}"#, ["Policy"]),
            (#"{"policy":{"a":1,"a":1}}"#, ["body"]),
            (#"{"policy":{"failure_treshold":3}}"#, ["policy.failure_treshold"]),
            (
                #"{"policy":{"failure_threshold":0,"success_threshold":1001,"probe_lease_ms":"1"}}"#,
                ["policy.failure_threshold", "policy.probe_lease_ms", "policy.success_threshold"]
            ),
            (#"{"policy":{"window_ms":60000,"window_calls":5}}"#, ["policy.window_ms", "policy.window_calls"]),
            (#"{"policy":{"slow_call_rate_threshold":0.5}}"#, ["policy.slow_call_ms"]),
            (#"{"policy":{"failure_rate_threshold":0}}"#, ["policy.failure_rate_threshold"]),
            (#"{"policy":{"failure_rate_threshold":1.1}}"#, ["policy.failure_rate_threshold"]),
            (#"{"policy":{"failure_threshold":true}}"#, ["policy.failure_threshold"]),
            (#"{"policy":{"failure_threshold":2.5}}"#, ["policy.failure_threshold"]),
        ]
    )
    func refused(body: String, fields: [String]) async throws {
        try await TestServer.with { server in
            let code: ProblemCode = fields[0].hasPrefix("policy.") ? .invalidPolicy : .invalidRequest
            try await server.send(.PUT, "/v1/breakers/a", body).expectProblem(code, faults: fields)
            try await server.send(.GET, "/v1/breakers/a").expectProblem(.unknownBreaker)
            _ = try await server.acquire("a")
            try await server.send(.PATCH, "/v1/breakers/a", body).expectProblem(code, faults: fields)
            let after = try await server.send(.GET, "/v1/breakers/a")
            #expect(after["etag"] == "\"p1\"")
        }
    }

    @Test("An unknown preset is refused, and a PATCH accepts no preset", arguments: ["\"Flaky\"", "null", "7", "\"\""])
    func presets(preset: String) async throws {
        try await TestServer.with { server in
            let body = #"{"preset":\#(preset)}"#
            try await server.send(.PUT, "/v1/breakers/a", body).expectProblem(.invalidRequest, faults: ["preset"])
            _ = try await server.acquire("a")
            let patch = try await server.send(.PATCH, "/v1/breakers/a", #"{"preset":"flaky"}"#)
            patch.expectProblem(.invalidRequest, faults: ["preset"])
        }
    }

    @Test(
        "A policy change leaves the state, counters and current recovery timeout, and applies from the next event"
    )
    func stateStays() async throws {
        try await TestServer.with { server in
            for _ in 1...4 { _ = try await server.report("a", "outcome=failure") }
            let put = try await server.send(.PUT, "/v1/breakers/a", #"{"policy":{"failure_threshold":2}}"#)
            #expect(put.json["state"] == "closed")
            #expect(put.json["generation"] == .integer(1))
            #expect(put.json["counts"]?["consecutive_failures"] == .integer(4))
            let tripping = try await server.report("a", "outcome=failure")
            #expect(tripping.text == #"{"applied":true,"state":"open","generation":3}"#)
            let openUntil = try await server.send(.GET, "/v1/breakers/a").json["open_until"]
            let patch = try await server.send(.PATCH, "/v1/breakers/a", #"{"policy":{"recovery_timeout_ms":100}}"#)
            #expect(patch.json["state"] == "open")
            #expect(patch.json["open_until"] == openUntil)
        }
    }

    private static func policy(with differences: [String: JSON]) -> JSON {
        .object(
            PolicyField.allCases.map { field in
                let value: JSON =
                    switch Policy()[field] {
                    case .integer(let value): .integer(value)
                    case .decimal(let value): .integer(Int64(value))
                    case .null, .unsuitable: .null
                    }
                return JSON.Member(key: field.rawValue, value: differences[field.rawValue] ?? value)
            }
        )
    }
}
