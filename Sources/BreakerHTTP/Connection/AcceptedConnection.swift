import HTTPTypes
import HummingbirdCore
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTPTypes

/// A connection from its accept to its end.
///
/// One that is accepted while the server stops is handed to nobody. NIO ends the process where an async channel goes
/// without having been finished, so this finishes it: the connection is closed, and that is all.
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

    /// The connection, for the one who serves it and finishes it.
    func take() -> AsyncChannel {
        isTaken.withLockedValue { $0 = true }
        return asyncChannel
    }

    deinit {
        guard !isTaken.withLockedValue({ $0 }) else { return }
        Task { [asyncChannel] in try? await asyncChannel.executeThenClose { _, _ in } }
    }
}
