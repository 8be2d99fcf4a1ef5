import NIOCore
import NIOHTTP1
import NIOPosix
import StaticAnswer

/// Answers every request with a static answer, using NIO's unmodified HTTP pipeline: the limit of this stack for one
/// call per request.
@main
struct NIOLimit {
    static func main() async throws {
        // As many event loops as Fusebox has: on two cores a second one would only take turns with the first.
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: max(1, System.coreCount - 1))
        let listener = try await ServerBootstrap(group: eventLoops)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Responder())
                }
            }
            .bind(host: "127.0.0.1", port: StaticAnswer.port(of: CommandLine.arguments))
            .get()
        try await listener.closeFuture.get()
    }
}

private final class Responder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let body = ByteBuffer(string: StaticAnswer.body)
    private static let head = HTTPResponseHead(
        version: .http1_1,
        status: .ok,
        headers: [
            "content-type": StaticAnswer.contentType,
            "cache-control": StaticAnswer.cacheControl,
            "x-request-id": StaticAnswer.requestID,
            "content-length": "\(body.readableBytes)",
            "date": StaticAnswer.date,
        ]
    )

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        context.write(wrapOutboundOut(.head(Self.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(Self.body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
