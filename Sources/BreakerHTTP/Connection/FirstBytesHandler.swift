import NIOCore

/// The only handler of a connection until its client sends something. The first bytes build the rest of the pipeline.
///
/// So a client that connects and sends nothing costs the server little. At the bound of connections the server closes
/// one for each new one, and such clients connect again at once.
final class FirstBytesHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let opened: EventLoopPromise<AcceptedConnection.AsyncChannel?>
    private let patience: TimeAmount
    private let build: () throws -> AcceptedConnection.AsyncChannel
    private var timeout: Scheduled<Void>?

    /// - Parameters:
    ///   - opened: gets the connection once its pipeline is built, or `nil` if it ends before that.
    ///   - patience: the time after which a client that has sent nothing is disconnected.
    ///   - build: adds the other handlers.
    init(
        _ opened: EventLoopPromise<AcceptedConnection.AsyncChannel?>,
        patience: TimeAmount,
        build: @escaping () throws -> AcceptedConnection.AsyncChannel
    ) {
        self.opened = opened
        self.patience = patience
        self.build = build
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timeout = context.eventLoop.scheduleTask(in: patience) { bound.value.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timeout?.cancel()
        // Does nothing if the pipeline is built.
        opened.succeed(nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            opened.succeed(try build())
        } catch {
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is RoomNeeded, is ChannelShouldQuiesceEvent, ChannelEvent.inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }
}
