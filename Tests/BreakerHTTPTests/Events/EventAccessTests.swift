import BreakerAPI
import BreakerCore
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Who may follow the changes")
struct EventAccessTests {
    @Test("A token with a prefix is told of its own names, and of nothing else")
    func tenants() async throws {
        let (mine, secret) = Token.make(name: "mine", role: .viewer, prefix: "mine:")
        let (all, operatorSecret) = Token.make(name: "all", role: .operator, prefix: "")
        try await TestServer.with(tokens: [mine, all]) { server in
            let bearer = ["authorization: Bearer \(secret)"]
            let stream = try await StreamClient.open(server.port, fields: bearer)
            _ = try await stream.event()
            for name in ["theirs", "mine:a", "mine", "mine:b"] {
                _ = try await server.send(.PUT, "/v1/breakers/\(name)", #"{"preset":"flaky"}"#, secret: operatorSecret)
            }
            let told = try await stream.events(2)
            #expect(told.map { $0.data["name"]?.text } == ["mine:a", "mine:b"])
            let fresh = try await StreamClient.open(server.port, "?after=99", fields: bearer)
            let resync = try #require(try await fresh.event())
            #expect(resync.data["breakers"]?.items.compactMap { $0["name"]?.text } == ["mine:a", "mine:b"])
            try await server.send(.GET, "/v1/events?name=theirs", secret: secret).expectProblem(.forbidden)
        }
    }

    @Test("Whoever has a token may follow, workers too: they decide by it", arguments: Role.allCases)
    func roles(role: Role) async throws {
        let (token, secret) = Token.make(name: "t", role: role, prefix: "")
        try await TestServer.with(tokens: [token]) { server in
            let stream = try await StreamClient.open(server.port, fields: ["authorization: Bearer \(secret)"])
            #expect(try await stream.event()?.event == "resync")
            try await server.send(.GET, "/v1/events").expectProblem(.unauthorized)
        }
    }
}
