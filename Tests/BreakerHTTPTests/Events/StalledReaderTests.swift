import BreakerCore
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import BreakerHTTP

@Suite("Stream clients that do not read, or read slowly")
struct StalledReaderTests {
    @Test(
        "A stream client that does not read is disconnected, and can resume at its last revision",
        arguments: ["", "?after=0"]
    )
    func dropped(query: String) async throws {
        var times = ConnectionTimes()
        times.stall = .seconds(3)
        try await TestServer.with(times: times) { server in
            let stalled = try await ByteClient.run {
                try StreamClient(server.port, query, fields: [], receiveBuffer: 4_096)
            }
            // This is more than the kernel buffers for a client.
            for round in 0..<6 {
                let reports = (0..<1_500).map { #"{"name":"r\#(round)-\#($0)","outcome":"failure","count":5}"# }
                let body = #"{"reports":[\#(reports.joined(separator: ","))]}"#
                #expect(try await server.send(.POST, "/v1/reports", body).status == 200)
            }
            // The only connection left is that of the metrics request.
            while try await server.metrics()["fusebox_http_connections"] != 1 {
                try await Task.sleep(for: .milliseconds(20))
            }
            var last: Int64 = 0
            // The server breaks off the stream. On a slow machine the stream may end earlier, because it fell too far
            // behind.
            do {
                while let frame = try await stalled.frame() { last = frame.id ?? last }
            } catch is ByteClient.Failure {}
            #expect((1..<18_000).contains(last), "\(last)")
            let resumed = try await StreamClient.open(server.port, "?after=\(last)")
            #expect(try await resumed.event()?.id == last + 1)
        }
    }

    @Test("A client that reads the panel too slowly is disconnected, and one that has read its panel stays")
    func slow() async throws {
        var times = ConnectionTimes()
        times.panel = .seconds(2)
        times.stall = .hours(1)
        try await TestServer.with(times: times) { server in
            // Their panel is twice as long as what the server and the kernel buffer for a client.
            let reports = (0..<1_400).map { #"{"name":"r\#($0)","outcome":"success"}"# }
            let body = #"{"reports":[\#(reports.joined(separator: ","))]}"#
            #expect(try await server.send(.POST, "/v1/reports", body).status == 200)
            let ordinary = try await StreamClient.open(server.port, "?prefix=r1399")
            #expect(try await ordinary.event()?.event == "resync")
            let slow = try await ByteClient.run {
                try StreamClient(server.port, "", fields: [], receiveBuffer: 4_096)
            }
            // The connections left are those of the metrics request and of the first stream.
            try await eventually("the slow client is disconnected") {
                _ = try await ByteClient.run { try slow.client.skip(100) }
                return try await server.metrics()["fusebox_http_connections"] == 2
            }
            _ = try await server.acquire("r1399-new")
            #expect(try await ordinary.event()?.data["name"]?.text == "r1399-new")
        }
    }
}
