import Testing

@testable import BreakerHTTP

@Suite("Scripts of requests on one connection")
struct ByteScriptTests {
    @Test("A script of requests gets the same answers in order wherever its bytes are split", arguments: ByteScript.all)
    func script(script: ByteScript) async throws {
        try await TestServer.with(times: .forSlowClients) { server in
            _ = try await server.acquire("a")
            try await ByteClient.run {
                let sender = try SplitSender(port: server.port)
                for place in script.bytes.indices {
                    let client = try sender.send(script.bytes, splitAt: [place])
                    try Self.expect(script, of: client, splitAt: place)
                }
            }
        }
    }

    private static func expect(_ script: ByteScript, of client: ByteClient, splitAt place: Int) throws {
        if script.ending == .halfClosed { client.finishSending() }
        for (number, status) in script.statuses.enumerated() {
            let answer = try client.readAnswer()
            #expect(answer.status == status, "answer \(number), split at \(place): \(answer.head)\(answer.text)")
        }
        switch script.ending {
        case .closes, .halfClosed: #expect(try client.isAtEnd(), "split at \(place)")
        case .stays:
            try client.send(ByteScript.acquire)
            #expect(try client.readAnswer().status == 200, "split at \(place)")
        }
    }
}
