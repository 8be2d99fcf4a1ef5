import HTTPTypes
package import HummingbirdCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// The pipeline of one client's connection: the handlers between the socket and the router.
///
/// The handlers are TLS where the server has a certificate, ``LaneEntrance``, encoder and decoder, ``DecisionLane``,
/// Hummingbird's codec, and ``DepartureWatch``. Hummingbird's own connection state is absent: it would not see the
/// lane's answers, so the lane manages time limits, order and shutdown for both.
struct ConnectionChannel: HTTPChannelHandler {
    typealias Value = AcceptedConnection

    let responder: Responder
    let decisions: Decisions
    let gatekeeper: Gatekeeper
    let failures: AuthenticationFailures
    let times: ConnectionTimes
    let meters: HTTPMeters
    let connections: OpenConnections
    let tls: ServerTLS?
    let usesLane: Bool

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // Small reads, so that requests which a client sends without reading the answers take little memory.
            try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
            try channel.syncOptions?.setOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: HTTPLimits.readBytes)
            )
            let pipeline = channel.pipeline.syncOperations
            let connection = connections.add(channel)
            let lane = DecisionLane(
                decisions: decisions,
                gatekeeper: gatekeeper,
                failures: failures,
                address: channel.remoteAddress?.ipAddress,
                times: times,
                meters: meters,
                connections: connections,
                connection: connection
            )
            if let tls { try pipeline.addHandler(tls.handler()) }
            try pipeline.addHandler(LaneEntrance(to: lane, usesLane: usesLane))
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false,
                withErrorHandling: false,
                withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(),
                withDecoderLimitConfiguration: Self.decoderLimits
            )
            try pipeline.addHandler(lane)
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: tls != nil))
            try pipeline.addHandler(DepartureWatch())
            return try AcceptedConnection(channel, connection)
        }
    }

    private static var decoderLimits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = HTTPLimits.headers
        limits.maxHeaderListSize = HTTPLimits.headers
        limits.maxHeaderFieldCount = HTTPLimits.headerFields
        return limits
    }

    func handle(value connection: Value, logger: Logger) async {
        await OpenConnection.$current.withValue(connection.connection) {
            await handleHTTP(asyncChannel: connection.take(), logger: logger)
        }
    }
}

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

/// Options of sockets. Some exist only on Linux, and have no effect on other systems.
extension Channel {
    /// Limits the bytes that the kernel takes from the server before the client has read earlier ones. Without a limit,
    /// a client that does not read makes the kernel hold megabytes.
    func limitUnsentBytes(to bytes: Int) {
        #if os(Linux)
            setOption(.tcpOption(.unsentBytes), value: .init(bytes)).whenFailure { _ in }
        #endif
    }

    /// Lets this listening socket accept many connections at once, and the kernel hand out a connection only when its
    /// client has sent something, or about `seconds` later. Clients that connect and send nothing then cost the server
    /// nothing, and delay no other client.
    func acceptInBursts(afterFirstBytesWithin seconds: Int64) async {
        try? await setOption(.maxMessagesPerRead, value: HTTPLimits.acceptsPerRound).get()
        #if os(Linux)
            try? await setOption(.tcpOption(.deferAccept), value: .init(seconds)).get()
        #endif
    }
}

#if os(Linux)
    extension NIOBSDSocket.Option {
        /// The number of unsent bytes that the kernel holds (tcp(7), `TCP_NOTSENT_LOWAT`).
        fileprivate static let unsentBytes = NIOBSDSocket.Option(rawValue: 25)
        /// The seconds for which a connection without data is not handed out (tcp(7), `TCP_DEFER_ACCEPT`).
        fileprivate static let deferAccept = NIOBSDSocket.Option(rawValue: 9)
    }
#endif
