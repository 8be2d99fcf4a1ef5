import NIOCore

/// Closes a connection without losing anything that was written.
extension DecisionLane {
    /// Closes the output once everything that was written is sent, and then waits a moment for the client to close its
    /// side.
    func close(_ context: ChannelHandlerContext) {
        deadlines.bodyCame()
        whenSent(context, within: deadlines.times.stall) { lane, context in
            context.close(mode: .output, promise: nil)
            guard context.channel.isActive else { return }
            let bound = NIOLoopBound(lane, eventLoop: context.eventLoop)
            lane.deadlines.linger = context.eventLoop.scheduleTask(in: lane.deadlines.times.linger) {
                bound.value.cut()
            }
        }
        context.read()
    }

    /// Closes to free the descriptor for another connection. The connection stays while a client with a token waits for
    /// the server. Such a client also gets the rest of what was written, unless it leaves it unread.
    func makeRoom(_ context: ChannelHandlerContext) {
        if connection.isStranger || connection.isStalled {
            cut()
        } else if sequencer.awaitsAnswer {
            connection.isServed = true
            connections.keep(connection)
        } else {
            whenSent(context, within: deadlines.times.linger) { lane, _ in lane.cut() }
        }
    }

    /// Closes at once, and drops unsent bytes. TLS does not delay it.
    func cut() {
        socket?.close(promise: nil)
    }

    /// Closes both ways once everything that was written is sent.
    func closeBothWays(_ context: ChannelHandlerContext) {
        whenSent(context, within: patience) { _, context in context.close(promise: nil) }
    }

    /// Delays a close by the router as well: after a half-close by the client, NIO ends both directions at once and
    /// drops the bytes that are still to be sent.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode != .input else {
            context.close(mode: mode, promise: promise)
            return
        }
        // The lane ends the connection by itself. The router closes it at once if it cannot write its response, while the
        // client may still be sending; the kernel would reset the connection.
        guard !sequencer.isClosed else {
            context.channel.closeFuture.cascade(to: promise)
            return
        }
        whenSent(context, within: patience) { _, context in context.close(mode: mode, promise: promise) }
    }

    /// The time that a client has to read the rest. A server that is stopping has little time left.
    private var patience: TimeAmount { sequencer.isQuiescing ? deadlines.times.linger : deadlines.times.stall }

    /// Calls `close` when everything that was written is sent. Cuts the connection if the client does not read in time.
    private func whenSent(
        _ context: ChannelHandlerContext,
        within limit: TimeAmount,
        _ close: @escaping (DecisionLane, ChannelHandlerContext) -> Void
    ) {
        guard let encoderContext, let socket else {
            close(self, context)
            return
        }
        let unsent = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadlines.sending?.cancel()
        deadlines.sending = context.eventLoop.scheduleTask(in: limit) { unsent.value.cut() }
        let sent = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((lane: self, context: context, close: close), eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { _ in
            bound.value.lane.deadlines.sending?.cancel()
            bound.value.close(bound.value.lane, bound.value.context)
        }
        // TLS encrypts the waiting bytes when it is flushed. The empty write comes after all of them and sends nothing
        // itself.
        encoderContext.flush()
        socket.writeAndFlush(NIOAny(ByteBuffer()), promise: sent)
    }
}
