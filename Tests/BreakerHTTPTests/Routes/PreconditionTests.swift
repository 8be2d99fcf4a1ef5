import BreakerAPI
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Entity tags and preconditions of a breaker's policy")
struct PreconditionTests {
    private static let change = #"{"policy":{"failure_threshold":3}}"#

    @Test("A breaker's entity tag changes only when its policy changes")
    func tags() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            _ = try await server.send(.POST, "/v1/breakers/a/reset")
            #expect(try await server.send(.GET, "/v1/breakers/a")["etag"] == "\"p1\"")
            let first = try await server.send(.PUT, "/v1/breakers/a", Self.change)
            #expect(first["etag"] == "\"p4\"")
            for method in [HTTPMethod.PUT, .PATCH] {
                let same = try await server.send(method, "/v1/breakers/a", Self.change)
                #expect(same.status == 200)
                #expect(same["etag"] == "\"p4\"", "the same policy again takes no revision")
            }
            _ = try await server.send(.POST, "/v1/breakers/a/reset")
            let last = try await server.send(.GET, "/v1/breakers/a")
            #expect(last.json["generation"] == .integer(5))
            #expect(last["etag"] == "\"p4\"")
        }
    }

    @Test("A PUT of the same policy that a profile gave changes the policy's source to the API")
    func taken() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let put = try await server.send(.PUT, "/v1/breakers/a", #"{"preset":"default"}"#)
            #expect(put["etag"] == "\"p2\"")
            #expect(put.json["policy_source"] == "api")
        }
    }

    @Test(
        "A change is made only if if-match and if-none-match hold",
        arguments: [
            ("if-match", "\"p1\"", true), ("if-match", "\"p9\", \"p1\"", true), ("if-match", "*", true),
            ("if-match", "\"p2\"", false), ("if-match", "W/\"p1\"", false), ("if-match", "p1", false),
            ("if-match", "\"1\"", false),
            ("if-match", "\"p1\"x", false), ("if-match", "\"p+1\"", false), ("if-match", "\"p01\"", false),
            ("if-match", "\"p1", false), ("if-match", "", false),
        ]
    )
    func ifMatch(field: String, value: String, holds: Bool) async throws {
        try await TestServer.with { server in
            for (method, status, body) in [
                (HTTPMethod.PATCH, 200, Self.change), (.DELETE, 204, nil), (.PUT, 200, Self.change),
            ] {
                for name in ["a"] where try await server.send(.GET, "/v1/breakers/\(name)").status == 404 {
                    _ = try await server.acquire(name)
                }
                let tag = try await server.send(.GET, "/v1/breakers/a")["etag"] ?? ""
                let given = value.replacing("p1", with: tag.dropFirst().dropLast())
                let answer = try await server.send(method, "/v1/breakers/a", body, fields: [(field, given)])
                #expect(answer.status == (holds ? status : 412), "\(method): \(answer.text)")
                if !holds { answer.expectProblem(.preconditionFailed) }
            }
        }
    }

    @Test("A breaker is created only once if the request requires that it does not exist")
    func ifNoneMatch() async throws {
        try await TestServer.with { server in
            let new = [("if-none-match", "*")]
            #expect(try await server.send(.PUT, "/v1/breakers/a", Self.change, fields: new).status == 201)
            try await server.send(.PUT, "/v1/breakers/a", Self.change, fields: new).expectProblem(.preconditionFailed)
            try await server.send(.PATCH, "/v1/breakers/a", Self.change, fields: new).expectProblem(.preconditionFailed)
            let existing = [("if-match", "*")]
            try await server.send(.PUT, "/v1/breakers/b", Self.change, fields: existing).expectProblem(
                .preconditionFailed
            )
            try await server.send(.PATCH, "/v1/breakers/b", Self.change, fields: existing).expectProblem(
                .unknownBreaker
            )
            for fields in [[("if-none-match", "\"p1\"")], new + existing] {
                let answer = try await server.send(.PUT, "/v1/breakers/a", Self.change, fields: fields)
                answer.expectProblem(.invalidRequest, faults: ["if-none-match"])
            }
        }
    }

    @Test("A GET of a breaker ignores if-none-match and never answers 304")
    func never304() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let answer = try await server.send(.GET, "/v1/breakers/a", fields: [("if-none-match", "\"p1\"")])
            #expect(answer.status == 200)
            #expect(answer.json["name"] == "a")
        }
    }
}
