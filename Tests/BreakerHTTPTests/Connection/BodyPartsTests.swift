import BreakerAPI
import BreakerEngine
import EngineSupport
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The parts of a body")
struct BodyPartsTests {
    private static let head = "POST /v1/breakers/a/report HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"

    private static func chunks(_ count: Int) -> String { String(repeating: "1\r\nx\r\n", count: count) }

    @Test(
        "A body may have 1 024 chunks of any length, and more only with 16 bytes a chunk on average",
        arguments: [
            (true, 1_024, 1, false), (true, 1_025, 1, true), (true, 1_025, 15, true), (true, 1_025, 16, false),
            (false, 1_025, 1, false),
        ]
    )
    func bound(isChunked: Bool, count: Int, length: Int, isRefused: Bool) throws {
        var parts = BodyParts(isChunked: isChunked)
        for _ in 1...count { parts.append(ByteBuffer(repeating: UInt8(ascii: "x"), count: length)) }
        if isRefused {
            #expect(throws: Problem.smallChunks) { try parts.take() }
        } else {
            let part = try parts.take()
            #expect(part?.readableBytes == count * length)
        }
        let rest = try parts.take()
        #expect(rest == nil)
    }

    @Test("The server refuses a body of 1 025 chunks of one byte, and accepts one of 1 024", arguments: [1_024, 1_025])
    func request(count: Int) async throws {
        let report = #"{"outcome":"success"}"#
        let body = report + String(repeating: " ", count: count - report.utf8.count)
        try await TestServer.with(times: .forSlowClients) { server in
            try await ByteClient.run(server.port) { client in
                try client.send(Self.head + body.map { "1\r\n\($0)\r\n" }.joined() + "0\r\n\r\n")
                let answer = try client.readAnswer()
                guard count > 1_024 else {
                    #expect(answer.status == 200)
                    return
                }
                answer.expectProblem(.malformedRequest)
                let detail = "the chunks of a body with more than 1024 of them must have 16 bytes on average"
                #expect(answer.json["detail"]?.text == "\(detail); send larger chunks")
                client.finishSending()
                #expect(try client.isAtEnd())
            }
        }
    }

    @Test("The chunks of one read reach the router as one part")
    func joined() async throws {
        try await RunningEngine.with { running in
            try Self.connect(to: running.engine) { channel, _ in
                try channel.writeInbound(ByteBuffer(string: Self.head + Self.chunks(100)))
                try channel.writeInbound(ByteBuffer(string: Self.chunks(50) + "0\r\n\r\n"))
                var lengths: [Int] = []
                while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
                    if case .body(let bytes) = part { lengths.append(bytes.readableBytes) }
                }
                #expect(lengths == [100, 50])
            }
        }
    }

    @Test("Bytes that arrive after the last answer are not decoded")
    func afterLastAnswer() async throws {
        try await RunningEngine.with { running in
            try Self.connect(to: running.engine) { channel, decoder in
                try channel.writeInbound(ByteBuffer(string: Self.head + Self.chunks(1_025)))
                let answer = try #require(try channel.readOutbound(as: ByteBuffer.self))
                #expect(String(buffer: answer).hasPrefix("HTTP/1.1 400 "))
                let count = decoder.partCount
                #expect(count > 1_025)
                try channel.writeInbound(ByteBuffer(string: Self.chunks(100)))
                #expect(decoder.partCount == count)
            }
        }
    }

    /// Runs `body` with a connection that has no socket, from its bytes to the parts that the router gets.
    private static func connect(
        to engine: Engine,
        _ body: (EmbeddedChannel, _ decoder: DecoderWatch) throws -> Void
    ) throws {
        let channel = EmbeddedChannel()
        let gatekeeper = Gatekeeper(tokens: nil)
        let meters = HTTPMeters()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let connections = OpenConnections(
            limit: 2,
            gatekeeper: gatekeeper,
            eventLoop: channel.eventLoop,
            logger: logger
        )
        let lane = DecisionLane(
            decisions: Decisions(engine: engine),
            gatekeeper: gatekeeper,
            failures: AuthenticationFailures(meters: meters, clock: engine.clock, logger: logger),
            address: nil,
            times: ConnectionTimes(),
            meters: meters,
            connections: connections,
            connection: connections.add(channel)
        )
        let decoder = DecoderWatch()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HalfClosedSocket())
        try pipeline.addHandler(LaneEntrance(to: lane, usesLane: true))
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false, withErrorHandling: false)
        try pipeline.addHandler(decoder)
        try pipeline.addHandler(lane)
        try body(channel, decoder)
        // The client closes its side. The lane closes the connection, if it has sent its last answer.
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        channel.embeddedEventLoop.run()
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }
}

/// Counts the parts that the decoder emits.
private final class DecoderWatch: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private(set) var partCount = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        partCount += 1
        context.fireChannelRead(data)
    }
}

/// Stays open for input after its output is closed, which an embedded channel does not.
private final class HalfClosedSocket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output {
            promise?.succeed()
        } else {
            context.close(mode: mode, promise: promise)
        }
    }
}
