import BreakerAPI
import BreakerCore
import BreakerEngine
import EngineSupport
import NIOCore
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Access to the stream of changes")
struct EventAccessTests {
    @Test("The stream of a token with a prefix has only the changes of names under that prefix")
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
            let received = try await stream.events(2)
            #expect(received.map { $0.data["name"]?.text } == ["mine:a", "mine:b"])
            let fresh = try await StreamClient.open(server.port, "?after=99", fields: bearer)
            let resync = try #require(try await fresh.event())
            #expect(resync.data["breakers"]?.items.compactMap { $0["name"]?.text } == ["mine:a", "mine:b"])
            try await server.send(.GET, "/v1/events?name=theirs", secret: secret).expectProblem(.forbidden)
        }
    }

    @Test("The stream of a token with single names and prefixes has only the changes of these names")
    func names() async throws {
        let (mine, secret) = Token.make(name: "mine", role: .viewer, scope: try NameScope("=pay,pay:"))
        let (all, operatorSecret) = Token.make(name: "all", role: .operator, prefix: "")
        try await TestServer.with(tokens: [mine, all]) { server in
            let bearer = ["authorization: Bearer \(secret)"]
            let stream = try await StreamClient.open(server.port, fields: bearer)
            _ = try await stream.event()
            for name in ["pays", "pay:a", "pay.x", "pay"] {
                _ = try await server.send(.PUT, "/v1/breakers/\(name)", #"{"preset":"flaky"}"#, secret: operatorSecret)
            }
            let received = try await stream.events(2)
            #expect(received.map { $0.data["name"]?.text } == ["pay:a", "pay"])
            let fresh = try await StreamClient.open(server.port, "?after=99", fields: bearer)
            let resync = try #require(try await fresh.event())
            #expect(resync.data["breakers"]?.items.compactMap { $0["name"]?.text } == ["pay", "pay:a"])
        }
    }

    @Test(
        "A token of any role may open a stream, also a worker's, because workers decide by it",
        arguments: Role.allCases
    )
    func roles(role: Role) async throws {
        let (token, secret) = Token.make(name: "t", role: role, prefix: "")
        try await TestServer.with(tokens: [token]) { server in
            let stream = try await StreamClient.open(server.port, fields: ["authorization: Bearer \(secret)"])
            #expect(try await stream.event()?.event == "resync")
            try await server.send(.GET, "/v1/events").expectProblem(.unauthorized)
        }
    }

    @Test(
        "A stream ends when its token changes or is removed, before it sends any later change",
        arguments: Replacement.allCases
    )
    func revoked(replacement: Replacement) async throws {
        let (token, secret) = Token.make(name: "t", role: .viewer, prefix: "mine:")
        let (boss, bossSecret) = Token.make(name: "boss", role: .operator, prefix: "")
        try await TestServer.with(tokens: [token, boss]) { server in
            let stream = try await StreamClient.open(server.port, fields: ["authorization: Bearer \(secret)"])
            _ = try await stream.event()
            server.gatekeeper.replace(tokens: replacement.tokens(for: token) + [boss])
            _ = try await server.send(.PUT, "/v1/breakers/mine:a", #"{"preset":"flaky"}"#, secret: bossSecret)
            #expect(try await stream.event()?.data["name"]?.text == (replacement == .none ? "mine:a" : nil))
        }
    }

    /// How a token changes after a stream has been opened with it.
    enum Replacement: CaseIterable, Sendable {
        case none, removed, otherSecret, otherPrefix, lesserRole

        func tokens(for token: Token) -> [Token] {
            var other = token
            switch self {
            case .none: break
            case .removed: return []
            case .otherSecret: other.digest = Token.make(name: "x", role: .viewer, prefix: "").token.digest
            case .otherPrefix: other.scope = NameScope(prefix: "min")
            case .lesserRole: other.role = .worker
            }
            return [other]
        }
    }

    @Test("A stream ends when its session ends, at the next heartbeat")
    func session() async throws {
        let (token, secret) = Token.make(name: "t", role: .viewer, prefix: "")
        var times = ConnectionTimes()
        times.heartbeat = .milliseconds(5)
        try await TestServer.with(tokens: [token], times: times) { server in
            let body = #"{"token":"\#(secret)"}"#
            let cookie = try await server.send(.POST, "/v1/session", body)["set-cookie"] ?? ""
            let stream = try await StreamClient.open(server.port, fields: ["cookie: \(cookie.prefix { $0 != ";" })"])
            server.clock.advance(byMs: SessionRegister.sessionLengthMs - 1)
            let beat = server.clock.now().timestamp.description
            while try await stream.frame()?.comments != [beat] {}
            server.clock.advance(byMs: 1)
            let end = server.clock.now().timestamp.description
            while let frame = try await stream.frame() { try #require(frame.comments != [end]) }
        }
    }
}
