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

/// Requests that a client might send on a connection, most of them damaged.
struct MutatedRequests {
    private var random: SplitMix64
    private let requests: [[UInt8]]

    /// - Parameter secret: the token of each request; `nil` for none.
    init(seed: UInt64, secret: String?) {
        random = SplitMix64(seed: seed)
        let field = secret.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        requests = Self.templates.map { Array($0.replacing("\r\n", with: "\r\n" + field, maxReplacements: 1).utf8) }
    }

    /// The bytes for the next connection, and the number of requests in them.
    mutating func next() -> (bytes: [UInt8], count: Int) {
        let count = 1 + random.below(4)
        var bytes: [UInt8] = []
        for _ in 0..<count {
            var request = random.pick(requests)
            for _ in 0..<random.pick([0, 0, 1, 1, 2, 3]) { mutate(&request) }
            bytes += request
        }
        return (bytes + random.pick(Self.tails).utf8, count)
    }

    /// Up to two places at which the bytes may be split, in ascending order.
    mutating func splits(of bytes: [UInt8]) -> [Int] {
        Set((0...random.below(2)).map { _ in random.below(max(bytes.count, 1)) }).sorted()
    }

    private mutating func mutate(_ request: inout [UInt8]) {
        let index = random.below(request.count)
        switch random.below(6) {
        case 0: request[index] = random.pick(Self.oddBytes)
        case 1: request.insert(random.pick(Self.oddBytes), at: index)
        case 2: if request.count > 1 { request.remove(at: index) }
        case 3: insert(random.pick(Self.oddValues), atAnEdgeOf: &request)
        case 4: insert(random.pick(Self.oddFields), atLineOf: &request)
        default: if random.below(4) == 0 { request.removeSubrange((index + 1)...) }
        }
    }

    /// Inserts before or after a value.
    private mutating func insert(_ text: String, atAnEdgeOf request: inout [UInt8]) {
        let edges = request.indices.filter { request[$0] == UInt8(ascii: ":") || request[$0] == UInt8(ascii: "\r") }
        guard !edges.isEmpty else { return }
        let edge = random.pick(edges)
        request.insert(contentsOf: text.utf8, at: request[edge] == UInt8(ascii: ":") ? edge + 1 : edge)
    }

    private mutating func insert(_ line: String, atLineOf request: inout [UInt8]) {
        let ends = request.indices.filter { request[$0] == UInt8(ascii: "\n") }
        guard !ends.isEmpty else { return }
        request.insert(contentsOf: line.utf8, at: random.pick(ends) + 1)
    }

    private static let templates = [
        ByteScript.acquire, ByteScript.report, ByteScript.look, ByteScript.missing, ByteScript.absolute,
        "POST /v1/breakers/a/acquire HTTP/1.1\r\nHost: x:80\r\nX-Request-ID: mine-1\r\nContent-Length: 0\r\n\r\n",
        "POST /v1/breakers/b/report?outcome=failure&kind=a+b&report_id=r1&count=2 HTTP/1.1\r\nhost: x\r\n"
            + "Connection: keep-alive\r\nUser-Agent: worker/1\r\nContent-Length: 0\r\n\r\n",
        "POST /v1/breakers/a/report?outcome=success&permit=1&duration_ms=5&age_ms=0 HTTP/1.1\r\nhost: [::1]\r\n\r\n",
        ByteScript.post("content-length: 21\r\n", body: #"{"outcome":"success"}"#, to: "report"),
        ByteScript.post(
            "transfer-encoding: chunked\r\n",
            body: "15\r\n{\"outcome\":\"success\"}\r\n0\r\n\r\n",
            to: "report"
        ),
    ]

    private static let oddBytes = Array(" \t\r\n\0:,;+-=%&?/#0159aZ_\"\u{7f}".utf8) + [0x80, 0xff]

    private static let oddValues = [" ", "\t", "  ", "\t ", " \t", ",", "+", "0", "5", ",0", "\r", "\n", "\0", "\u{b}"]

    private static let oddFields = [
        "content-length: 0\r\n", "Content-Length: 00\r\n", "content-length: 3\r\n", "transfer-encoding: chunked\r\n",
        "connection: close\r\n", "expect: 100-continue\r\n", "upgrade: h2c\r\n", "host: y\r\n", "x_y: z\r\n", " x\r\n",
        "origin: http://x\r\n", "user-agent: Mozilla/5.0\r\n", "cookie: a=b\r\n", "x-request-id: mine\r\n", "\r\n",
        "x\r\n",
    ]

    private static let tails = [
        "", "", "", "\r\n", "garbage\r\n\r\n", "garbage\r\n\r\ngarbage\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET /livez HT",
    ]
}
