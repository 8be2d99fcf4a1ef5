import NIOCore

/// Tells an answer without an end that its client is gone. A client that sends no more is taken for one that wants no
/// more: most have closed the connection, which shows to us as no more than that until something is written.
final class DepartureWatch: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private var isGone = false
    private var onDeparture: (@Sendable () -> Void)?

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        isGone = true
        onDeparture?()
        onDeparture = nil
    }

    fileprivate func whenClientGoes(_ body: @escaping @Sendable () -> Void) {
        if isGone { body() } else { onDeparture = body }
    }
}

extension Channel {
    /// Calls `body` once the client sends no more, or its connection is gone; at once where it is.
    func whenClientGoes(_ body: @escaping @Sendable () -> Void) {
        eventLoop.execute {
            do {
                try self.pipeline.syncOperations.handler(type: DepartureWatch.self).whenClientGoes(body)
            } catch {
                // A connection that is gone has no handlers.
                body()
            }
        }
    }
}
