import NIOCore

/// How a connection ends: with nothing thrown away that was written.
extension DecisionLane {
    /// Says that nothing more comes and, once the client has all of it, waits a moment for it to say the same.
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

    /// Closes, for another connection needs the descriptor; unless a client with a token waits for an answer. Such a client
    /// also gets the rest of what was written.
    func makeRoom(_ context: ChannelHandlerContext) {
        if connection.isStranger {
            cut()
        } else if turn.awaitsAnswer {
            connection.isServed = true
            connections.keep(connection)
        } else {
            whenSent(context, within: deadlines.times.linger) { lane, _ in lane.cut() }
        }
    }

    /// Closes at once, and drops what is not sent. TLS does not delay it.
    func cut() {
        socket?.close(promise: nil)
    }

    /// Closes both ways, once the client has all of it.
    func closeBothWays(_ context: ChannelHandlerContext) {
        whenSent(context, within: patience) { _, context in context.close(promise: nil) }
    }

    /// What the router closes waits too: behind a half-close of the client NIO ends both directions at once, and drops
    /// what is still to be sent.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode != .input else {
            context.close(mode: mode, promise: promise)
            return
        }
        whenSent(context, within: patience) { _, context in context.close(mode: mode, promise: promise) }
    }

    /// How long a client has to read the rest. A server that stops has little time left.
    private var patience: TimeAmount { turn.isQuiescing ? deadlines.times.linger : deadlines.times.stall }

    /// Calls `close` when everything that was written is sent. A client that does not read it in time is let go.
    private func whenSent(
        _ context: ChannelHandlerContext,
        within limit: TimeAmount,
        _ close: @escaping (DecisionLane, ChannelHandlerContext) -> Void
    ) {
        guard let outlet, let socket else {
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
        // TLS encrypts what waits when it is flushed. The empty write comes after all of it, and sends nothing of its own.
        outlet.flush()
        socket.writeAndFlush(NIOAny(ByteBuffer()), promise: sent)
    }
}
