import BreakerCore
import NIOCore
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Stream clients that do not read")
struct StalledReaderTests {
    @Test(
        "A stream client that does not read is disconnected, and can resume at its last revision",
        arguments: ["", "?after=0"]
    )
    func dropped(query: String) async throws {
        var times = ConnectionTimes()
        times.stall = .milliseconds(300)
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
}
