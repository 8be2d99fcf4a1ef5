import BreakerAPI
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Resets, overrides and deletion by operators")
struct SteeringRouteTests {
    @Test(
        "A reset closes the breaker, or makes it half open if the query asks for that",
        arguments: [
            ("", "closed"), ("?to=closed", "closed"), ("?to=half_open", "half_open"),
        ]
    )
    func reset(query: String, state: String) async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            let answer = try await server.send(.POST, "/v1/breakers/a/reset\(query)")
            #expect(answer.status == 200)
            #expect(answer.json["state"] == .string(state))
            #expect(answer["etag"] == "\"p1\"")
        }
    }

    @Test("A reset with its target in the body or in a misspelt parameter is refused and changes nothing")
    func misspeltReset() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let before = try await server.send(.GET, "/v1/breakers/a").json["generation"]
            let body = try await server.send(.POST, "/v1/breakers/a/reset", #"{"to":"half_open"}"#)
            body.expectProblem(.invalidRequest, faults: ["body"])
            let parameter = try await server.send(.POST, "/v1/breakers/a/reset?too=half_open")
            parameter.expectProblem(.invalidRequest, faults: ["too"])
            #expect(try await server.send(.GET, "/v1/breakers/a").json["generation"] == before)
        }
    }

    @Test(
        "A reset to any other state is refused",
        arguments: ["?to=open", "?to=", "?to=half-open", "?to=closed&to=closed"]
    )
    func badReset(query: String) async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            let answer = try await server.send(.POST, "/v1/breakers/a/reset\(query)")
            answer.expectProblem(.invalidRequest, faults: ["to"])
        }
    }

    @Test("An override creates an unknown breaker only if the query asks for that, and then it is in force")
    func overrideAhead() async throws {
        try await TestServer.with { server in
            let body = #"{"mode":"force_open","reason":"a test"}"#
            for query in ["", "?create=false"] {
                try await server.send(.PUT, "/v1/breakers/a/override\(query)", body).expectProblem(.unknownBreaker)
            }
            try await server.send(.PUT, "/v1/breakers/a/override?create=yes", body)
                .expectProblem(.invalidRequest, faults: ["create"])
            let answer = try await server.send(.PUT, "/v1/breakers/a/override?create=true", body)
            #expect(answer.status == 200)
            #expect(answer.json["state"] == .string("open"))
            #expect(try await server.acquire("a").json["allowed"] == .bool(false))
        }
    }

    @Test(
        "An override that forces a state prevents a reset to a different state",
        arguments: [
            ("force_open", "", true), ("force_open", "?to=half_open", true), ("force_closed", "?to=half_open", true),
            ("force_closed", "", false), ("shadow", "", false), ("shadow", "?to=half_open", false),
        ]
    )
    func forced(mode: String, query: String, isForced: Bool) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            _ = try await server.send(.PUT, "/v1/breakers/a/override", #"{"mode":"\#(mode)","reason":"a test"}"#)
            let answer = try await server.send(.POST, "/v1/breakers/a/reset\(query)")
            if isForced { answer.expectProblem(.forced) } else { #expect(answer.status == 200) }
        }
    }

    @Test(
        "An override lasts one hour, the requested time, or until it is cleared",
        arguments: [
            ("", #""2026-01-01T01:00:00.000Z""#), (#","expires_in_ms":1000"#, #""2026-01-01T00:00:01.000Z""#),
            (#","expires_in_ms":31536000000"#, #""2027-01-01T00:00:00.000Z""#), (#","expires_in_ms":null"#, "null"),
            (#","expires_in_ms":1.5e3"#, #""2026-01-01T00:00:01.500Z""#),
        ]
    )
    func expiry(field: String, expiresAt: String) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let order = #"{"mode":"force_open","reason":"the bank is closed"\#(field)}"#
            let answer = try await server.send(.PUT, "/v1/breakers/a/override", order)
            #expect(answer.status == 200)
            let override = answer.json["override"].map { String(decoding: $0.bytes, as: UTF8.self) }
            #expect(
                override == #"""
                    {"mode":"force_open","reason":"the bank is closed","actor":"anonymous",\#
                    "since":"2026-01-01T00:00:00.000Z","expires_at":\#(expiresAt)}
                    """#
            )
        }
    }

    @Test(
        "An invalid override is refused, and the problem names the field",
        arguments: [
            ("", "body"), ("[]", "body"), ("{}", "mode"), (#"{"mode":"open","reason":"x"}"#, "mode"),
            (#"{"mode":7,"reason":"x"}"#, "mode"),
            (#"{"mode":null,"reason":"x"}"#, "mode"),
            (#"{"mode":"shadow"}"#, "reason"), (#"{"mode":"shadow","reason":""}"#, "reason"),
            (#"{"mode":"shadow","reason":" \n\t"}"#, "reason"),
            (#"{"mode":"shadow","reason":7}"#, "reason"),
            (#"{"mode":"shadow","reason":"\#(String(repeating: "x", count: 513))"}"#, "reason"),
            (#"{"mode":"shadow","reason":"x\#(String(repeating: "\u{200d}", count: 512))"}"#, "reason"),
            (#"{"mode":"shadow","reason":"x","expires_in_ms":999}"#, "expires_in_ms"),
            (#"{"mode":"shadow","reason":"x","expires_in_ms":31536000001}"#, "expires_in_ms"),
            (#"{"mode":"shadow","reason":"x","expires_in_ms":-1}"#, "expires_in_ms"),
            (#"{"mode":"shadow","reason":"x","expires_in_ms":"1000"}"#, "expires_in_ms"),
            (#"{"mode":"shadow","reason":"x","expires_in_ms":1000.5}"#, "expires_in_ms"),
            (#"{"mode":"shadow","reason":"x","expire_in_ms":1000}"#, "expire_in_ms"),
        ]
    )
    func refused(body: String, field: String) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let answer = try await server.send(.PUT, "/v1/breakers/a/override", body)
            answer.expectProblem(.invalidRequest, faults: [field])
            #expect(try await server.send(.GET, "/v1/breakers/a").json["override"] == .null)
        }
    }

    @Test(
        "A field that belongs in the body is refused in the query",
        arguments: [("a/override", #"{"mode":"shadow","reason":"x"}"#), ("a", #"{"preset":"slow"}"#)]
    )
    func queryAndBody(path: String, body: String) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let answer = try await server.send(.PUT, "/v1/breakers/\(path)?expires_in_ms=1000", body)
            answer.expectProblem(.invalidRequest, faults: ["expires_in_ms"])
            #expect(try await server.send(.PUT, "/v1/breakers/\(path)", body).status == 200)
        }
    }

    @Test("A DELETE clears the override, and returns the breaker unchanged if it has none")
    func cleared() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let none = try await server.send(.DELETE, "/v1/breakers/a/override")
            #expect(none.status == 200)
            #expect(none.json["generation"] == .integer(1))
            _ = try await server.send(.PUT, "/v1/breakers/a/override", #"{"mode":"force_open","reason":"x"}"#)
            let cleared = try await server.send(.DELETE, "/v1/breakers/a/override")
            #expect(cleared.json["override"] == .null)
            #expect(cleared.json["state"] == "half_open", "one probe decides")
        }
    }

    @Test("A deleted breaker loses its history; its name can be used again, and its old permits are stale")
    func delete() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            let deleted = try await server.send(.DELETE, "/v1/breakers/a")
            #expect(deleted.status == 204)
            #expect(deleted.body.isEmpty)
            #expect(deleted["content-length"] == nil, "RFC 9110, section 8.6")
            try await server.send(.DELETE, "/v1/breakers/a").expectProblem(.unknownBreaker)
            #expect(try await server.acquire("a").text == #"{"allowed":true,"state":"closed","permit":"4"}"#)
            #expect(try await server.send(.GET, "/v1/breakers/a/failures").json["failures"] == .array([]))
            #expect(try await server.send(.GET, "/v1/breakers/a/transitions").json["transitions"] == .array([]))
            let stale = try await server.report("a", "outcome=failure&permit=1")
            #expect(stale.json["reason"] == "stale_permit")
        }
    }
}
