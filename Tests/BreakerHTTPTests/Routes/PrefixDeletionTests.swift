import BreakerAPI
import BreakerEngine
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Deletion by prefix")
struct PrefixDeletionTests {
    @Test("A deletion by prefix deletes the matching breakers and returns their number")
    func deletes() async throws {
        try await TestServer.with { server in
            for name in ["pay:a", "pay:b", "pax", "pay"] { _ = try await server.acquire(name) }
            let answer = try await server.send(.DELETE, "/v1/breakers?prefix=pay:")
            #expect(answer.status == 200)
            #expect(answer.text == #"{"deleted":2}"#)
            let list = try await server.send(.GET, "/v1/breakers").json["breakers"]?.items ?? []
            #expect(list.map { $0["name"]?.text } == ["pax", "pay"])
        }
    }

    @Test(
        "A deletion without a valid prefix deletes nothing",
        arguments: [("", "prefix"), ("?prefix=", "prefix"), ("?prefx=a", "prefx"), ("?prefix=a&prefix=b", "prefix")]
    )
    func refused(query: String, field: String) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let answer = try await server.send(.DELETE, "/v1/breakers\(query)")
            answer.expectProblem(.invalidRequest, faults: [field])
            #expect(try await server.send(.GET, "/v1/breakers/a").status == 200)
        }
    }

    @Test(
        "A token deletes only within its own prefix, and only if it is an operator's",
        arguments: [
            ("pay:", Role.operator, true), ("pay:a", .operator, true), ("pay", .operator, false),
            ("ship:", .operator, false), ("pay:", .worker, false), ("pay:", .viewer, false),
        ]
    )
    func access(prefix: String, role: Role, isAllowed: Bool) async throws {
        let (token, secret) = Token.make(name: "t", role: role, prefix: "pay:")
        let (worker, workersSecret) = Token.make(name: "w", role: .worker, prefix: "")
        try await TestServer.with(tokens: [token, worker]) { server in
            _ = try await server.send(.POST, "/v1/breakers/pay:a/acquire", secret: workersSecret)
            let answer = try await server.send(.DELETE, "/v1/breakers?prefix=\(prefix)", secret: secret)
            if isAllowed { #expect(answer.text == #"{"deleted":1}"#) } else { answer.expectProblem(.forbidden) }
        }
    }

    @Test("Each of several worker tokens may create half of the breaker names")
    func share() async throws {
        let (first, firstSecret) = Token.make(name: "first", role: .worker, prefix: "")
        let (second, secondSecret) = Token.make(name: "second", role: .worker, prefix: "")
        var configuration = Engine.Configuration()
        configuration.maximumBreakers = 4
        try await TestServer.with(tokens: [first, second], configuration: configuration) { server in
            for name in ["a", "b", "%63"] {
                let answer = try await server.send(.POST, "/v1/breakers/\(name)/acquire", secret: firstSecret)
                if name == "%63" { answer.expectProblem(.breakerLimit) } else { #expect(answer.status == 200) }
            }
            try await server.send(.POST, "/v1/breakers/c/acquire", secret: firstSecret).expectProblem(.breakerLimit)
            for name in ["c", "d"] {
                let answer = try await server.send(.POST, "/v1/breakers/\(name)/acquire", secret: secondSecret)
                #expect(answer.status == 200)
            }
        }
    }
}
