import BreakerAPI
import BreakerCore
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

    @Test(
        "Streams take at most half of the connections, each token has a share, and an ended stream frees its place"
    )
    func limits() async throws {
        let (busy, busySecret) = Token.make(name: "busy", role: .viewer, prefix: "")
        let (other, otherSecret) = Token.make(name: "other", role: .viewer, prefix: "")
        try await TestServer.with(tokens: [busy, other], connections: 12) { server in
            var streams: [StreamClient] = []
            for secret in [busySecret, busySecret, busySecret, otherSecret, otherSecret, otherSecret] {
                streams.append(try await .open(server.port, fields: ["authorization: Bearer \(secret)"]))
                #expect(streams.last?.head.status == 200)
            }
            let refused = try await server.send(.GET, "/v1/events", secret: busySecret)
            refused.expectProblem(.tooManyStreams)
            streams.removeFirst()
            try await eventually("the place of the stream is free") {
                try await StreamClient.open(server.port, fields: ["authorization: Bearer \(otherSecret)"]).head.status
                    == 200
            }
        }
    }
}
