import Testing

@testable import BreakerHTTP

@Suite("The cache of a connection's credentials")
struct CredentialsTests {
    private let first: Token
    private let firstSecret: String
    private let second: Token
    private let secondSecret: String

    init() {
        (first, firstSecret) = Token.make(name: "first", role: .worker, prefix: "")
        (second, secondSecret) = Token.make(name: "second", role: .operator, prefix: "")
    }

    @Test("Credentials of different authorizations are kept apart")
    func authorizations() {
        var credentials = Credentials(Gatekeeper(tokens: [first, second]))
        for _ in 1...2 {
            #expect(credentials.access("Bearer \(firstSecret)")?.actor == "first")
            #expect(credentials.access("Bearer \(secondSecret)")?.actor == "second")
            #expect(credentials.access(nil) == nil)
            #expect(credentials.access("Bearer \(firstSecret)x") == nil)
        }
    }

    @Test("A removed token is refused at once, and an added token is accepted at once")
    func replaced() {
        let gatekeeper = Gatekeeper(tokens: [first])
        var credentials = Credentials(gatekeeper)
        #expect(credentials.access("Bearer \(firstSecret)")?.actor == "first")
        gatekeeper.replace(tokens: [second])
        #expect(credentials.access("Bearer \(firstSecret)") == nil)
        #expect(credentials.access("Bearer \(secondSecret)")?.actor == "second")
    }

    @Test("Cached credentials are returned only for the same authorization and the same set of tokens")
    func known() {
        let gatekeeper = Gatekeeper(tokens: [first])
        var credentials = Credentials(gatekeeper)
        #expect(credentials.known(where: { _ in true }) == nil)
        _ = credentials.access("Bearer \(firstSecret)")
        #expect(credentials.known(where: { $0 == "Bearer \(firstSecret)" })?.actor == "first")
        #expect(credentials.known(where: { $0 == "Bearer \(secondSecret)" }) == nil)
        gatekeeper.replace(tokens: [first, second])
        #expect(credentials.known(where: { _ in true }) == nil)
    }

    @Test("Every client is anonymous while the server has no tokens")
    func anonymous() {
        let gatekeeper = Gatekeeper(tokens: nil)
        var credentials = Credentials(gatekeeper)
        #expect(credentials.access(nil) == .anonymous)
        #expect(credentials.access("anything") == .anonymous)
        gatekeeper.replace(tokens: [first])
        #expect(credentials.access(nil) == nil)
    }
}
