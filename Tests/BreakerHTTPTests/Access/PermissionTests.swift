import BreakerAPI
import BreakerCore
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The rights of a token by role and prefix")
struct PermissionTests {
    /// A request that succeeds if it is allowed, and the roles that may make it.
    struct Ask: Sendable, CustomTestStringConvertible {
        var method: HTTPMethod
        /// The path, with `NAME` in place of a breaker's name.
        var path: String
        var body: String?
        var roles: Set<Role>
        var status = 200

        var testDescription: String { "\(method) \(path)" }
        var isOfOneBreaker: Bool { path.contains("NAME") }
    }

    private static let working: Set<Role> = [.worker, .operator]
    private static let reading: Set<Role> = [.viewer, .operator]
    private static let override = #"{"mode":"shadow","reason":"a test"}"#

    static let asks = [
        Ask(method: .POST, path: "/v1/breakers/NAME/acquire", roles: working),
        Ask(method: .POST, path: "/v1/breakers/NAME/report?outcome=success", roles: working),
        Ask(
            method: .POST,
            path: "/v1/reports",
            body: #"{"reports":[{"name":"pay:a","outcome":"success"}]}"#,
            roles: working
        ),
        Ask(method: .GET, path: "/v1/breakers/NAME", roles: [.worker, .viewer, .operator]),
        Ask(method: .HEAD, path: "/v1/breakers/NAME", roles: [.worker, .viewer, .operator]),
        Ask(method: .GET, path: "/v1/breakers", roles: reading),
        Ask(method: .GET, path: "/v1/transitions", roles: reading),
        Ask(method: .GET, path: "/v1/breakers/NAME/failures", roles: reading),
        Ask(method: .GET, path: "/v1/breakers/NAME/failures/summary", roles: reading),
        Ask(method: .GET, path: "/v1/breakers/NAME/history", roles: reading),
        Ask(method: .GET, path: "/v1/breakers/NAME/explain", roles: reading),
        Ask(method: .GET, path: "/v1/breakers/NAME/transitions", roles: reading),
        Ask(
            method: .POST,
            path: "/v1/policies",
            body: #"{"breakers":{"pay:a":{"preset":"flaky"}}}"#,
            roles: [.operator]
        ),
        Ask(method: .PUT, path: "/v1/breakers/NAME", body: #"{"preset":"flaky"}"#, roles: [.operator]),
        Ask(method: .PATCH, path: "/v1/breakers/NAME", body: #"{"policy":{}}"#, roles: [.operator]),
        Ask(method: .POST, path: "/v1/breakers/NAME/reset", roles: [.operator]),
        Ask(method: .PUT, path: "/v1/breakers/NAME/override", body: override, roles: [.operator]),
        Ask(method: .DELETE, path: "/v1/breakers/NAME/override", roles: [.operator]),
        Ask(method: .DELETE, path: "/v1/breakers/NAME", roles: [.operator], status: 204),
    ]

    @Test("Each role may make its own requests, for names that begin with the token's prefix", arguments: asks)
    func roles(ask: Ask) async throws {
        let (tokens, secrets) = Self.tokens()
        try await TestServer.with(tokens: tokens) { server in
            let boss = secrets["operator"]
            for name in ["pay:a", "ship:a"] {
                _ = try await server.send(.PUT, "/v1/breakers/\(name)", #"{"preset":"default"}"#, secret: boss)
            }
            // The refused roles ask first, so that a deletion by an allowed role cannot be the cause of their errors.
            for role in Role.allCases.sorted(by: { !ask.roles.contains($0) && ask.roles.contains($1) }) {
                let secret = try #require(secrets["\(role.rawValue)-pay"])
                if ask.isOfOneBreaker {
                    let foreign = try await server.send(ask, of: "ship:a", secret: secret)
                    #expect(foreign.status == 403, "\(role) at a foreign name: \(foreign.text)")
                }
                let answer = try await server.send(ask, of: "pay:a", secret: secret)
                #expect(answer.status == (ask.roles.contains(role) ? ask.status : 403), "\(role): \(answer.text)")
                if answer.status == 403, ask.method != .HEAD { answer.expectProblem(.forbidden) }
            }
            let stranger = try await server.send(ask, of: "pay:a", secret: "fbx_unknown")
            #expect(stranger.status == 401)
            let anonymous = try await server.send(ask, of: "pay:a", secret: nil)
            #expect(anonymous.status == 401)
            #expect(anonymous["www-authenticate"] == "Bearer realm=\"fusebox\"")
        }
    }

    @Test("Only an operator's token without a prefix may make a backup, because a backup holds all breakers")
    func backup() async throws {
        let (tokens, secrets) = Self.tokens()
        try await TestServer.with(tokens: tokens) { server in
            for (name, status) in [("operator", 200), ("operator-pay", 403), ("viewer-pay", 403), ("worker-pay", 403)] {
                let answer = try await server.send(.POST, "/v1/backup", secret: secrets[name])
                #expect(answer.status == status, "\(name)")
            }
        }
    }

    @Test("Only an operator's token without a prefix may make the server read its tokens file again")
    func reload() async throws {
        let (tokens, secrets) = Self.tokens()
        try await TestServer.with(tokens: tokens) { server in
            let path = Paths.tokenReload
            for name in ["operator-pay", "viewer", "worker"] {
                try await server.send(.POST, path, secret: secrets[name]).expectProblem(.forbidden)
            }
            // The server of this test was made without a file.
            let answer = try await server.send(.POST, path, secret: secrets["operator"])
            answer.expectProblem(.invalidRequest)
            try await server.send(.POST, path, "{}", secret: secrets["operator"]).expectProblem(.bodyTooLarge)
        }
    }

    @Test("A token with single names and prefixes may use these names, and no other name that begins like them")
    func names() async throws {
        let (all, allSecret) = Token.make(name: "all", role: .operator, prefix: "")
        let (team, secret) = Token.make(name: "team", role: .operator, scope: try NameScope("=pay,pay:,mail:"))
        try await TestServer.with(tokens: [all, team]) { server in
            let own = ["mail:a", "pay", "pay:a"]
            for name in own + ["pays", "mail", "ship"] {
                _ = try await server.send(.POST, "/v1/breakers/\(name)/acquire", secret: allSecret)
                let answer = try await server.send(.POST, "/v1/breakers/\(name)/acquire", secret: secret)
                #expect(answer.status == (own.contains(name) ? 200 : 403), "\(name)")
            }
            let list = try await server.send(.GET, "/v1/breakers", secret: secret)
            #expect(list.json["breakers"]?.items.compactMap { $0["name"]?.text } == own)
            #expect(list.json["counts"]?["total"] == .integer(3))
            let refused = try await server.send(.GET, "/v1/breakers/ship", secret: secret)
            #expect(
                refused.json["detail"]?.text
                    == "the token team is limited to names that begin with mail: or pay: and the name pay"
            )
            for (prefix, status) in [("pay", 403), ("pay:", 200), ("mail:a", 200)] {
                let answer = try await server.send(.DELETE, "/v1/breakers?prefix=\(prefix)", secret: secret)
                #expect(answer.status == status, "\(prefix)")
            }
            #expect(try await server.send(.POST, "/v1/backup", secret: secret).status == 403)
        }
    }

    @Test("Health checks and unknown paths are answered without a token")
    func service() async throws {
        try await TestServer.with(tokens: Self.tokens().tokens) { server in
            for path in ["/livez", "/readyz", "/version", "/openapi.yaml"] {
                let answer = try await server.send(.GET, path)
                #expect(answer.status == 200, "\(path)")
            }
            try await server.send(.GET, "/nowhere").expectProblem(.notFound)
        }
    }

    @Test("A server without tokens treats every client as an anonymous operator", arguments: asks)
    func noTokens(ask: Ask) async throws {
        try await TestServer.with { server in
            _ = try await server.send(.PUT, "/v1/breakers/pay:a", #"{"preset":"default"}"#)
            #expect(try await server.send(ask, of: "pay:a", secret: nil).status == ask.status)
            #expect(try await server.send(.PUT, "/v1/breakers/pay:b", #"{"preset":"default"}"#).status == 201)
            let reset = try await server.send(.POST, "/v1/breakers/pay:b/reset")
            #expect(reset.json["last_transition"]?["actor"] == "anonymous")
        }
    }

    /// Creates a token for each role, and one for each role that is limited to names that begin with `pay:`.
    private static func tokens() -> (tokens: [Token], secrets: [String: String]) {
        var tokens: [Token] = []
        var secrets: [String: String] = [:]
        for role in Role.allCases {
            for (name, prefix) in [(role.rawValue, ""), ("\(role.rawValue)-pay", "pay:")] {
                let (token, secret) = Token.make(name: name, role: role, prefix: prefix)
                tokens.append(token)
                secrets[name] = secret
            }
        }
        return (tokens, secrets)
    }
}

extension TestServer {
    fileprivate func send(_ ask: PermissionTests.Ask, of name: String, secret: String?) async throws -> HTTPAnswer {
        try await send(ask.method, ask.path.replacing("NAME", with: name), ask.body, secret: secret)
    }
}
