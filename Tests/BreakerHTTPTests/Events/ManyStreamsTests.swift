import BreakerAPI
import BreakerCore
import BreakerEngine
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import BreakerHTTP

@Suite("Many streams, and streams of many breakers")
struct ManyStreamsTests {
    @Test(
        "A resync that is sent in many pieces is one document with the breakers that match the filter",
        arguments: [false, true]
    )
    func pieces(areLines: Bool) async throws {
        try await TestServer.with { server in
            let names = (0..<700).map { "\($0 < 350 ? "pay" : "ship"):\($0 + 1_000)" }
            let items = names.map { #"{"name":"\#($0)","outcome":"success"}"# }
            let body = #"{"reports":[\#(items.joined(separator: ","))]}"#
            #expect(try await server.send(.POST, "/v1/reports", body).status == 200)
            for (query, expected) in [
                ("", names), ("?prefix=pay:12", names.filter { $0.hasPrefix("pay:12") }),
                ("?prefix=ship", names.filter { $0.hasPrefix("ship") }), ("?name=pay:1111", ["pay:1111"]),
                ("?prefix=none", []),
            ] {
                let fields = areLines ? ["accept: application/x-ndjson"] : []
                let stream = try await StreamClient.open(server.port, query, fields: fields)
                var document: JSON?
                if areLines { _ = try await stream.line() }
                document = areLines ? try await stream.line() : try await stream.event()?.data
                let breakers = try #require(document?["breakers"]?.items)
                #expect(breakers.map { $0["name"]?.text } == expected, "\(query)")
                #expect(breakers.allSatisfy { $0["state"] == "closed" })
                #expect(document?["revision"]?.whole == 700)
            }
        }
    }

    @Test("A stream does not keep the panel with which it began")
    func release() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let first = WeakImage(server.engine.panelImage())
            let stream = try await StreamClient.open(server.port)
            #expect(try await stream.event()?.event == "resync")
            _ = try await server.acquire("b")
            // The next event follows the panel, so the stream has sent all of it.
            #expect(try await stream.event()?.data["name"]?.text == "b")
            try await eventually("the panel is released") {
                _ = server.engine.panelImage()
                return first.image == nil
            }
        }
    }

    /// A panel that it does not keep.
    private struct WeakImage {
        weak var image: PanelImage?

        init(_ image: PanelImage) { self.image = image }
    }

    @Test("Streams take at most half of the connections, and an ended stream frees its place")
    func limits() async throws {
        let tokens = ["first", "second", "third"].map { Token.make(name: $0, role: .viewer, prefix: "") }
        try await TestServer.with(tokens: tokens.map(\.token), connections: 12) { server in
            var streams: [StreamClient] = []
            for index in [0, 0, 0, 1, 1, 1] { streams.append(try await server.stream(tokens[index].secret)) }
            #expect(streams.allSatisfy { $0.head.status == 200 })
            let refused = try await server.send(.GET, "/v1/events", secret: tokens[2].secret)
            refused.expectProblem(.tooManyStreams)
            #expect(refused.text.contains("the server has 6 streams"), "\(refused.text)")
            streams.removeFirst()
            try await eventually("the place of the stream is free") {
                try await server.stream(tokens[2].secret).head.status == 200
            }
        }
    }

    @Test(
        "Of several tokens, each may have half of the streams or a fixed number, and leaves the rest to the others",
        arguments: [
            (connections: 12, perClient: HTTPLimits.streamsOfClient, share: 3),
            (connections: 40, perClient: 2, share: 2),
        ]
    )
    func shares(connections: Int, perClient: Int, share: Int) async throws {
        let (busy, busySecret) = Token.make(name: "busy", role: .worker, prefix: "")
        let (other, otherSecret) = Token.make(name: "other", role: .viewer, prefix: "")
        try await TestServer.with(
            tokens: [busy, other],
            connections: connections,
            streamsPerClient: perClient
        ) { server in
            var streams: [StreamClient] = []
            for _ in 1...share { streams.append(try await server.stream(busySecret)) }
            #expect(streams.allSatisfy { $0.head.status == 200 })
            let refused = try await server.send(.GET, "/v1/events", secret: busySecret)
            refused.expectProblem(.tooManyStreams)
            #expect(refused.text.contains("the token busy has \(share) streams"), "\(refused.text)")
            streams.append(try await server.stream(otherSecret))
            #expect(streams.last?.head.status == 200)
            server.gatekeeper.replace(tokens: [busy])
            streams.append(try await server.stream(busySecret))
            #expect(streams.last?.head.status == 200, "the only token has no share")
        }
    }

    @Test("On a server without tokens that other machines can reach, an address has a share of the streams")
    func addresses() async throws {
        try await TestServer.with(connections: 12) { server in
            var streams: [StreamClient] = []
            for _ in 1...3 { streams.append(try await .open(server.port)) }
            #expect(streams.allSatisfy { $0.head.status == 200 })
            let refused = try await server.send(.GET, "/v1/events")
            refused.expectProblem(.tooManyStreams)
            #expect(refused.text.contains("the address 127.0.0.1 has 3 streams"), "\(refused.text)")
        }
    }

    @Test(
        "Without tokens an address may have half of the streams, or all if only this machine can reach the server",
        arguments: [(isLoopback: false, share: 3), (isLoopback: true, share: 6)]
    )
    func loopback(isLoopback: Bool, share: Int) throws {
        let slots = StreamSlots(connections: 12, gatekeeper: Gatekeeper(tokens: nil, isLoopback: isLoopback))
        let taken = try (1...share).map { _ in try slots.take(for: "10.0.0.1") }
        #expect(throws: Problem.self) { try slots.take(for: "10.0.0.1") }
        if share < 6 { _ = try slots.take(for: "10.0.0.2") }
        withExtendedLifetime(taken) {}
    }
}

extension TestServer {
    /// Opens a stream with the token of this secret.
    fileprivate func stream(_ secret: String) async throws -> StreamClient {
        try await .open(port, fields: ["authorization: Bearer \(secret)"])
    }
}
