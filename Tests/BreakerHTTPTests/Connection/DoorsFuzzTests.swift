import TestSupport
import Testing

@testable import BreakerHTTP

@Suite("Random requests to the lane and to the router")
struct DoorsFuzzTests {
    @Test(
        "Mutated requests get the same answers when sent whole, when sent split, and from the router alone",
        arguments: [false, true]
    )
    func mutatedRequests(hasToken: Bool) async throws {
        let (token, secret) = Token.make(name: "w", role: .worker, prefix: "")
        let tokens = hasToken ? [token] : nil
        let seed = SplitMix64.seed()
        try await TestServer.with(tokens: tokens, times: .forSlowClients) { whole in
            try await TestServer.with(tokens: tokens, times: .forSlowClients) { split in
                try await TestServer.with(tokens: tokens, times: .forSlowClients, usesLane: false) { router in
                    let ports = (whole: whole.port, split: split.port, router: router.port)
                    try await ByteClient.run {
                        var requests = MutatedRequests(seed: seed, secret: hasToken ? secret : nil)
                        try Self.compare(&requests, on: ports, "FUSEBOX_TEST_SEED=\(seed)")
                    }
                }
            }
        }
    }

    /// Sends the same bytes to three servers in the same state, each time on connections of their own. Stops at the first
    /// difference, after which the states may differ too.
    private static func compare(
        _ requests: inout MutatedRequests,
        on ports: (whole: Int, split: Int, router: Int),
        _ seed: String
    ) throws {
        let sender = try SplitSender(port: ports.split)
        var sent = 0
        while sent < 1_000 {
            let (bytes, count) = requests.next()
            let splits = requests.splits(of: bytes)
            let answers: [MaskedAnswers]
            do {
                let clients = [
                    try send(bytes, to: ports.whole), try send(bytes, to: ports.router),
                    try sender.send(bytes, splitAt: splits),
                ]
                answers = try clients.map { client in
                    client.finishSending()
                    return MaskedAnswers(try client.readToEnd())
                }
            } catch {
                let text = String(decoding: bytes, as: UTF8.self).debugDescription
                Issue.record("\(seed), after \(sent) requests: \(error), split at \(splits): \(text)")
                return
            }
            let isSame = answers[0].agree(with: answers[1]) && answers[0].agree(with: answers[2])
            guard isSame else {
                let text = String(decoding: bytes, as: UTF8.self).debugDescription
                Issue.record(
                    """
                    \(seed), after \(sent) requests: \(text)
                    whole: \(answers[0].texts)
                    router alone: \(answers[1].texts)
                    split at \(splits): \(answers[2].texts)
                    """
                )
                return
            }
            sent += count
        }
    }

    private static func send(_ bytes: [UInt8], to port: Int) throws -> ByteClient {
        let client = try ByteClient(port: port)
        try client.send(bytes)
        return client
    }
}
