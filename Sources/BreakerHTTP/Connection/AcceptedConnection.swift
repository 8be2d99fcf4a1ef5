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

    /// `nil` where the connection is not counted.
    let connection: OpenConnection?
    private let asyncChannel: AsyncChannel
    private let isTaken = NIOLockedValueBox(false)

    var channel: any Channel { asyncChannel.channel }

    /// Call it on the event loop of `channel`.
    init(_ channel: any Channel, _ connection: OpenConnection? = nil) throws {
        self.connection = connection
        asyncChannel = try AsyncChannel(
            wrappingChannelSynchronously: channel,
            configuration: .init(isOutboundHalfClosureEnabled: true)
        )
    }

    /// Hands the connection to the caller, which must serve and finish it.
    func take() -> AsyncChannel {
        isTaken.withLockedValue { $0 = true }
        return asyncChannel
    }

    deinit {
        guard !isTaken.withLockedValue({ $0 }) else { return }
        Task { [asyncChannel] in try? await asyncChannel.executeThenClose { _, _ in } }
    }
}
