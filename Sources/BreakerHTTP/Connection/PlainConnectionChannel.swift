package import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

extension HTTPServerBuilder {
    /// An HTTP server without a lane, time limits or other limits, for programs beside a Fusebox. It behaves as
    /// Hummingbird's own, except for a connection that is accepted while it stops: see ``AcceptedConnection``.
    package static var plain: HTTPServerBuilder { HTTPServerBuilder { PlainConnectionChannel(responder: $0) } }
}

private struct PlainConnectionChannel: HTTPChannelHandler {
    typealias Value = AcceptedConnection

    let responder: Responder

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.configureHTTPServerPipeline()
            try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            return try AcceptedConnection(channel)
        }
    }

    func handle(value connection: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: connection.take(), logger: logger)
    }
}
