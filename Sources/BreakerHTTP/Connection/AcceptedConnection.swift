import HTTPTypes
import HummingbirdCore
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTPTypes

/// A connection from its accept to its end.
///
/// A connection that is accepted while the server stops has no handler. NIO ends the process if an async channel is
/// released without having been finished. So this type finishes such a channel, which closes the connection.
final class AcceptedConnection: ServerChildChannelValue {
    typealias AsyncChannel = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let channel: any Channel
    /// `nil` where the connection is not counted.
    let connection: OpenConnection?
    private let opened: EventLoopFuture<AsyncChannel?>
    private let isTaken = NIOLockedValueBox(false)

    /// - Parameter opened: gets the connection once its pipeline is complete, or `nil` if it ends before that.
    init(_ channel: any Channel, _ connection: OpenConnection? = nil, opened: EventLoopFuture<AsyncChannel?>) {
        self.channel = channel
        self.connection = connection
        self.opened = opened
    }

    /// Ends the pipeline of a connection. Call it on the event loop of `channel`.
    static func wrap(_ channel: any Channel) throws -> AsyncChannel {
        try AsyncChannel(
            wrappingChannelSynchronously: channel,
            configuration: .init(isOutboundHalfClosureEnabled: true)
        )
    }

    /// Hands the connection to the caller, which must serve and finish it.
    /// - Returns: `nil` if the connection has ended before its client sent anything.
    func take() async -> AsyncChannel? {
        isTaken.withLockedValue { $0 = true }
        return await withTaskCancellationHandler {
            try? await opened.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    deinit {
        guard !isTaken.withLockedValue({ $0 }) else { return }
        channel.close(promise: nil)
        opened.whenSuccess { asyncChannel in
            guard let asyncChannel else { return }
            Task { try? await asyncChannel.executeThenClose { _, _ in } }
        }
    }
}
