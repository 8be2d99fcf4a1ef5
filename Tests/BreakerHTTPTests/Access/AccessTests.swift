import BreakerCore
import BreakerEngine
import EngineSupport
import Testing

@testable import BreakerHTTP

@Suite("The access of an answer that lasts")
struct LastingAccessTests {
    @Test(
        "An export of the audit and a backup are cut when their token is removed",
        arguments: ["GET /v1/audit", "POST /v1/backup"],
        [false, true]
    )
    func revoked(request: String, isRemoved: Bool) async throws {
        let (token, secret) = Token.make(name: "boss", role: .operator, prefix: "")
        try await TestServer.with(tokens: [token]) { server in
            // More bytes than the connection holds while its client does not read.
            for policy in [Policy(), Preset.flaky.policy] {
                var policies: [BreakerName: Policy] = [:]
                for number in 1...9_000 { policies[try #require(BreakerName("b\(number)"))] = policy }
                _ = try await server.engine.applyPolicies(policies, actor: "alice")
            }
            let lines = [
                "\(request) HTTP/1.1", "host: x", "accept: application/x-ndjson", "authorization: Bearer \(secret)",
                "connection: close", "content-length: 0",
            ]
            let isComplete = try await ByteClient.run {
                let client = try ByteClient(port: server.port, receiveBuffer: 65_536)
                try client.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
                let answer = try client.readAnswer(hasBody: false)
                #expect(answer.status == 200)
                if isRemoved { server.gatekeeper.replace(tokens: []) }
                let length = answer["content-length"].flatMap { Int($0) }
                var (count, end) = (0, [UInt8]())
                // The end may be a reset.
                while let bytes = try? client.readSome(), !bytes.isEmpty {
                    count += bytes.count
                    end = Array((end + bytes).suffix(5))
                }
                if let length { return count == length }
                return end == Array("0\r\n\r\n".utf8)
            }
            #expect(isComplete == !isRemoved)
        }
    }
}

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
