import BreakerAPI
import BreakerCore
import BreakerEngine
import EngineSupport
import HTTPTypes
import NIOHTTP1
import TestSupport
import Testing

@testable import BreakerHTTP

@Suite("Sign-in and sessions")
struct BrowserSessionTests {
    private let boss: Token
    private let bossSecret: String
    private let viewer: Token
    private let viewerSecret: String

    init() {
        (boss, bossSecret) = Token.make(name: "night.shift", role: .operator, prefix: "")
        (viewer, viewerSecret) = Token.make(name: "viewer", role: .viewer, prefix: "pay:")
    }

    /// Signs in.
    /// - Returns: the answer, and the cookie that the browser sends from then on.
    private func signIn(
        _ server: TestServer,
        _ secret: String,
        fields: [(String, String)] = []
    ) async throws -> (answer: HTTPAnswer, cookie: [(String, String)]) {
        let answer = try await server.send(.POST, "/v1/session", #"{"token":"\#(secret)"}"#, fields: fields)
        let cookie = (answer["set-cookie"] ?? "").prefix { $0 != ";" }
        return (answer, [("cookie", "theme=dark; \(cookie)")])
    }

    @Test("A session has the rights and the name of its token")
    func access() async throws {
        try await TestServer.with(tokens: [boss, viewer]) { server in
            let (answer, cookie) = try await signIn(server, bossSecret)
            #expect(answer.status == 204)
            #expect(answer.body.isEmpty)
            #expect(answer["cache-control"] == "no-store")
            let put = try await server.send(.PUT, "/v1/breakers/pay:a", #"{"preset":"flaky"}"#, fields: cookie)
            #expect(put.status == 201)
            let reset = try await server.send(.POST, "/v1/breakers/pay:a/reset", fields: cookie)
            #expect(reset.json["last_transition"]?["actor"] == "night.shift")
            let viewers = try await signIn(server, viewerSecret).cookie
            #expect(try await server.send(.GET, "/v1/breakers", fields: viewers).status == 200)
            try await server.send(.POST, "/v1/breakers/pay:a/reset", fields: viewers).expectProblem(.forbidden)
            try await server.send(.GET, "/v1/breakers/ship:a", fields: viewers).expectProblem(.forbidden)
            let worker = try await server.send(.POST, "/v1/breakers/pay:a/acquire", fields: cookie)
            #expect(worker.status == 200)
        }
    }

    @Test("A gate accepts no session, because another page of the same site could use it")
    func gate() async throws {
        try await TestServer.with(tokens: [boss]) { server in
            _ = try await server.send(.POST, "/v1/breakers/a/acquire", secret: bossSecret)
            let marks = [("sec-fetch-site", "same-site"), ("x-forwarded-for", "192.0.2.1")]
            let cookie = try await signIn(server, bossSecret).cookie
            #expect(try await server.send(.GET, "/v1/gate/a/probe", fields: cookie + marks).status == 503)
            #expect(try await server.send(.GET, "/v1/gate/a/probe", fields: marks, secret: bossSecret).status == 200)
        }
    }

    @Test("The session resource names the client's token, or returns nulls for a client without a valid one")
    func who() async throws {
        try await TestServer.with(tokens: [boss, viewer]) { server in
            let anonymous = #"{"name":null,"role":null,"prefix":null,"signed_in":false}"#
            #expect(try await server.send(.GET, "/v1/session").text == anonymous)
            #expect(try await server.send(.GET, "/v1/session", secret: "fbx_x").text == anonymous)
            #expect(
                try await server.send(.GET, "/v1/session", secret: bossSecret).text
                    == #"{"name":"night.shift","role":"operator","prefix":"","signed_in":false}"#
            )
            let cookie = try await signIn(server, viewerSecret).cookie
            #expect(
                try await server.send(.GET, "/v1/session", fields: cookie).text
                    == #"{"name":"viewer","role":"viewer","prefix":"pay:","signed_in":true}"#
            )
        }
        try await TestServer.with { server in
            #expect(
                try await server.send(.GET, "/v1/session").text
                    == #"{"name":"anonymous","role":"operator","prefix":"","signed_in":false}"#
            )
            try await signIn(server, bossSecret).answer.expectProblem(.invalidRequest)
        }
    }

    @Test("The session cookie is HttpOnly and SameSite=Strict, and Secure if the client connected with TLS")
    func cookie() async throws {
        try await TestServer.with(tokens: [boss]) { server in
            let plain = try #require(try await signIn(server, bossSecret).answer["set-cookie"])
            #expect(plain.hasPrefix("fusebox_session="))
            #expect(plain.hasSuffix("; Max-Age=43200; HttpOnly; SameSite=Strict"))
            #expect(!plain.contains(bossSecret) && !plain.contains(bossSecret.dropFirst(4)))
            let secure = try await signIn(server, bossSecret, fields: [("x-forwarded-proto", "https")]).answer
            #expect(secure["set-cookie"]?.hasSuffix("; HttpOnly; SameSite=Strict; Secure") == true)
            let out = try await server.send(.DELETE, "/v1/session")
            #expect(out.status == 204)
            #expect(out["set-cookie"] == "fusebox_session=; Max-Age=0; HttpOnly; SameSite=Strict")
        }
    }

    @Test("A refused sign-in returns a problem that gives the reason, and no cookie")
    func refused() async throws {
        let (worker, workersSecret) = Token.make(name: "w", role: .worker, prefix: "")
        try await TestServer.with(tokens: [boss, worker]) { server in
            for secret in ["fbx_0", "", String(bossSecret.dropLast()), "sha256:00"] {
                let answer = try await signIn(server, secret).answer
                answer.expectProblem(.unauthorized)
                #expect(answer["set-cookie"] == nil)
            }
            try await signIn(server, workersSecret).answer.expectProblem(.forbidden)
            for (body, field) in [("{}", "token"), (#"{"token":1}"#, "token"), (#"{"secret":"x"}"#, "secret")] {
                try await server.send(.POST, "/v1/session", body).expectProblem(.invalidRequest, faults: [field])
            }
            let foreign = [("origin", "https://evil.example")]
            try await signIn(server, bossSecret, fields: foreign).answer.expectProblem(.crossSite)
        }
    }

    @Test("A session lasts twelve hours, and another gatekeeper with the same session key accepts it")
    func lasts() async throws {
        try await TestServer.with(tokens: [boss]) { server in
            let cookie = try await signIn(server, bossSecret).cookie
            server.clock.advance(byMs: 12 * 3_600_000 - 1)
            #expect(try await server.send(.GET, "/v1/breakers", fields: cookie).status == 200)
            server.clock.advance(byMs: 1)
            try await server.send(.GET, "/v1/breakers", fields: cookie).expectProblem(.unauthorized)
        }
        let now = Instant(milliseconds: 1_000)
        let sessions = SessionRegister()
        let text = try Gatekeeper(tokens: [boss, viewer], sessions: sessions).signIn(secret: bossSecret, at: now)
        let later = Gatekeeper(tokens: [viewer, boss], sessions: sessions)
        #expect(later.session(in: [.cookie: "fusebox_session=\(text)"], at: now)?.actor == "night.shift")
        // The clock was set back after the session began.
        let before = now.advanced(byMilliseconds: -1)
        #expect(later.session(in: [.cookie: "fusebox_session=\(text)"], at: before) == nil)
    }

    @Test("A session ends with its token, and takes on a changed role of the token")
    func endsWithToken() throws {
        let now = Instant(milliseconds: 1_000)
        let gatekeeper = Gatekeeper(tokens: [boss, viewer])
        let shown = "fusebox_session=\(try gatekeeper.signIn(secret: bossSecret, at: now))"
        #expect(gatekeeper.session(in: [.cookie: shown], at: now)?.role == .operator)
        var demoted = boss
        demoted.role = .viewer
        gatekeeper.replace(tokens: [demoted])
        #expect(gatekeeper.session(in: [.cookie: shown], at: now)?.role == .viewer)
        let other = Token.make(name: boss.name, role: .operator, prefix: "").token
        for tokens in [[viewer], [other]] {
            gatekeeper.replace(tokens: tokens)
            #expect(gatekeeper.session(in: [.cookie: shown], at: now) == nil)
        }
    }

    @Test("During a rotation both lines of a token can sign in, and removing a line ends only that line's sessions")
    func rotation() throws {
        let now = Instant(milliseconds: 1_000)
        let (next, nextSecret) = Token.make(name: boss.name, role: boss.role, scope: boss.scope)
        let lines = [boss.line, next.line].joined(separator: "\n")
        let gatekeeper = Gatekeeper(tokens: try TokenFile.parse(lines, file: "tokens"))
        let cookies = try [bossSecret, nextSecret].map { secret in
            "fusebox_session=\(try gatekeeper.signIn(secret: secret, at: now))"
        }
        func areGood() -> [Bool] { cookies.map { gatekeeper.session(in: [.cookie: $0], at: now) != nil } }
        #expect(areGood() == [true, true])
        gatekeeper.replace(tokens: [next])
        #expect(areGood() == [false, true])
    }

    @Test(
        "A correctly signed session that ends more than twelve hours in the future is refused",
        arguments: [0, 1]
    )
    func farEnd(excessMs: Int64) {
        let now = Instant(milliseconds: 1_000)
        let sessions = SessionRegister()
        let gatekeeper = Gatekeeper(tokens: [boss], sessions: sessions)
        var session = BrowserSession(of: boss, at: now)
        session.end = session.end.advanced(byMilliseconds: excessMs)
        let shown = "fusebox_session=\(session.text(of: boss, key: sessions.key))"
        #expect((gatekeeper.session(in: [.cookie: shown], at: now) != nil) == (excessMs == 0))
    }

    @Test("A session that is signed with the digest from the tokens file is refused")
    func leakedTokensFile() throws {
        let now = Instant(milliseconds: 1_000)
        let gatekeeper = Gatekeeper(tokens: [boss])
        let forged = BrowserSession(of: boss, at: now).text(of: boss, key: try #require(boss.digest))
        #expect(gatekeeper.session(in: [.cookie: "fusebox_session=\(forged)"], at: now) == nil)
    }

    @Test("Signing out ends only this session, for every holder of its cookie, and also across a restart")
    func signedOut() async throws {
        let folder = try TemporaryFolder()
        var ended: [(String, String)] = []
        var other: [(String, String)] = []
        try await TestServer.with(folder: folder, tokens: [boss]) { server in
            ended = try await signIn(server, bossSecret).cookie
            other = try await signIn(server, bossSecret).cookie
            let out = try await server.send(.DELETE, "/v1/session", fields: ended)
            #expect(out.status == 204)
            #expect(out["set-cookie"]?.hasPrefix("fusebox_session=; Max-Age=0") == true)
            try await server.send(.GET, "/v1/breakers", fields: ended).expectProblem(.unauthorized)
            #expect(try await server.send(.GET, "/v1/breakers", fields: other).status == 200)
        }
        try await TestServer.with(folder: folder, tokens: [boss]) { server in
            try await server.send(.GET, "/v1/breakers", fields: ended).expectProblem(.unauthorized)
            #expect(try await server.send(.GET, "/v1/breakers", fields: other).status == 200)
        }
    }

    @Test("A session is found and ended even after 180 other cookies of the same name")
    func otherCookies() throws {
        let now = Instant(milliseconds: 1_000)
        let gatekeeper = Gatekeeper(tokens: [boss])
        let text = try gatekeeper.signIn(secret: bossSecret, at: now)
        let other = [String(repeating: "0", count: 64), "99999", "0-0", boss.name].joined(separator: ".")
        let cookies = (Array(repeating: other, count: 180) + [text]).map { "fusebox_session=\($0)" }
        let fields: HTTPFields = [.cookie: cookies.joined(separator: "; ")]
        #expect(gatekeeper.session(in: fields, at: now) != nil)
        #expect(gatekeeper.signOut(fields, at: now))
        #expect(gatekeeper.session(in: [.cookie: "fusebox_session=\(text)"], at: now) == nil)
    }

    @Test("Signing out ends the streams of the session")
    func streamsEnd() throws {
        let now = Instant(milliseconds: 1_000)
        let gatekeeper = Gatekeeper(tokens: [boss])
        let fields: HTTPFields = [.cookie: "fusebox_session=\(try gatekeeper.signIn(secret: bossSecret, at: now))"]
        var access = try LastingAccess(gatekeeper, fields, at: now)
        let holds = access.holds(at: now)
        #expect(holds)
        #expect(gatekeeper.signOut(fields, at: now))
        let stillHolds = access.holds(at: now)
        #expect(!stillHolds)
        #expect(!gatekeeper.signOut(fields, at: now))
    }

    @Test("Signing out ends the session at once while the store fails, and is stored later")
    func signedOutWithoutStore() async throws {
        let folder = try TemporaryFolder()
        var cookie: [(String, String)] = []
        try await TestServer.with(folder: folder, tokens: [boss]) { server in
            cookie = try await signIn(server, bossSecret).cookie
            let lock = try WriteLock(databasePath: server.databasePath)
            #expect(try await server.send(.DELETE, "/v1/session", fields: cookie).status == 204)
            try await server.send(.GET, "/v1/breakers", fields: cookie).expectProblem(.unauthorized)
            lock.release()
        }
        try await TestServer.with(folder: folder, tokens: [boss]) { server in
            try await server.send(.GET, "/v1/breakers", fields: cookie).expectProblem(.unauthorized)
        }
    }

    @Test("A session with any part changed is refused")
    func forged() throws {
        let now = Instant(milliseconds: 1_000)
        let gatekeeper = Gatekeeper(tokens: [boss, viewer])
        let text = try gatekeeper.signIn(secret: viewerSecret, at: now)
        let parts = text.split(separator: ".", maxSplits: 3).map(String.init)
        #expect(gatekeeper.session(in: [.cookie: "fusebox_session=\(text)"], at: now) != nil)
        let forgeries = [
            "", "...", "a.b.c.d", parts[0], text + "x", String(text.dropFirst()), String(text.dropLast()),
            [parts[0], "99999999999999", parts[2], parts[3]].joined(separator: "."),
            [parts[0], parts[1], "0-0", parts[3]].joined(separator: "."),
            [parts[0], parts[1], parts[2], "night.shift"].joined(separator: "."),
            [String(repeating: "0", count: 64), parts[1], parts[2], parts[3]].joined(separator: "."),
            ["", parts[1], parts[2], parts[3]].joined(separator: "."),
        ]
        for forgery in forgeries {
            #expect(gatekeeper.session(in: [.cookie: "fusebox_session=\(forgery)"], at: now) == nil, "\(forgery)")
        }
        // A cookie of the same name from another server on this machine does not hide it.
        let both = "fusebox_session=\(forgeries[3]);fusebox_session=\(text)"
        #expect(gatekeeper.session(in: [.cookie: both], at: now) != nil)
    }

    @Test("An authorization field takes precedence over a session, and an invalid one is refused")
    func authorizationFirst() async throws {
        try await TestServer.with(tokens: [boss, viewer]) { server in
            let cookie = try await signIn(server, bossSecret).cookie
            _ = try await server.send(.PUT, "/v1/breakers/pay:a", #"{"preset":"flaky"}"#, fields: cookie)
            try await server.send(.POST, "/v1/breakers/pay:a/reset", fields: cookie, secret: viewerSecret)
                .expectProblem(.forbidden)
            try await server.send(.POST, "/v1/breakers/pay:a/reset", fields: cookie, secret: "fbx_0")
                .expectProblem(.unauthorized)
        }
    }
}
