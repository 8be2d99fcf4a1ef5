import NIOCore

/// Notifies a response without an end that its client is gone. A client that sends no more counts as gone: most such
/// clients have closed the connection, and the server cannot see the difference until it writes.
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
    /// Calls `body` once the client sends no more or its connection is gone; at once if it is gone already.
    func whenClientGoes(_ body: @escaping @Sendable () -> Void) {
        eventLoop.execute {
            do {
                try self.pipeline.syncOperations.handler(type: DepartureWatch.self).whenClientGoes(body)
            } catch {
                // A closed connection has no handlers.
                body()
            }
        }
    }
}
