import BreakerAPI
import BreakerCore
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The gatekeeper")
struct GatekeeperTests {
    @Test("A secret is accepted by its SHA-256 digest; the digest itself or a part of the secret is refused")
    func digests() throws {
        let (token, secret) = Token.make(name: "checkout", role: .worker, prefix: "payments:")
        let gatekeeper = Gatekeeper(tokens: [token])
        #expect(token.digest == Token.digest(of: secret.utf8))
        #expect(secret.hasPrefix("fbx_"))
        #expect(secret.utf8.count == 4 + 64)
        let access = try gatekeeper.access(authorization: "Bearer \(secret)")
        let scope = NameScope(prefix: "payments:")
        #expect(access == Access(actor: "checkout", role: .worker, scope: scope, digest: token.digest))
        let digest = try #require(token.digest).hexadecimal
        for other in [digest, "sha256:\(digest)", String(secret.dropLast()), secret + " ", "fbx_", secret.uppercased()]
        {
            #expect(throws: Problem.self, "\(other)") { try gatekeeper.access(authorization: "Bearer \(other)") }
        }
    }

    @Test("The digest of abc is the SHA-256 value that FIPS 180-4 gives")
    func vector() {
        let digest = Token.digest(of: "abc".utf8).hexadecimal
        #expect(digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test(
        "The authorization scheme is Bearer, in upper or lower case",
        arguments: [
            ("Bearer SECRET", true), ("bearer SECRET", true), ("BEARER SECRET", true), ("Basic SECRET", false),
            ("SECRET", false), ("Bearer", false), ("Bearer ", false), ("", false), ("BearerSECRET", false),
            ("Bearer SECRET, Bearer SECRET", false),
        ]
    )
    func schemes(authorization: String, opens: Bool) {
        let (token, secret) = Token.make(name: "checkout", role: .worker, prefix: "")
        let gatekeeper = Gatekeeper(tokens: [token])
        let given = authorization.replacing("SECRET", with: secret)
        #expect((try? gatekeeper.access(authorization: given)) != nil || !opens)
        #expect((try? gatekeeper.access(authorization: given)) == nil || opens)
    }

    @Test("Tokens can be replaced while the server runs, and this also applies to open connections")
    func replaced() async throws {
        let (old, oldSecret) = Token.make(name: "old", role: .worker, prefix: "")
        let (new, newSecret) = Token.make(name: "new", role: .worker, prefix: "")
        try await TestServer.with(tokens: [old]) { server in
            #expect(try await server.send(.POST, "/v1/breakers/a/acquire", secret: oldSecret).status == 200)
            #expect(try await server.send(.POST, "/v1/breakers/a/acquire", secret: newSecret).status == 401)
            server.gatekeeper.replace(tokens: [new])
            #expect(try await server.send(.POST, "/v1/breakers/a/acquire", secret: oldSecret).status == 401)
            #expect(try await server.send(.POST, "/v1/breakers/a/acquire", secret: newSecret).status == 200)
            server.gatekeeper.replace(tokens: [])
            try await server.send(.POST, "/v1/breakers/a/acquire", secret: newSecret).expectProblem(.unauthorized)
        }
    }
}
