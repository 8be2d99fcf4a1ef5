import HTTPTypes
package import HummingbirdCore
import Logging
import NIOConcurrencyHelpers
package import NIOCore
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

/// The time limits of a connection.
package struct ConnectionTimes: Sendable {
    /// Between two requests, and for the head of a request to arrive.
    package var idle = TimeAmount.seconds(HTTPLimits.idleSeconds)
    /// From a request's head to the end of its body.
    package var body = TimeAmount.seconds(HTTPLimits.bodySeconds)
    /// For a client to read from an answer that fills the connection.
    package var stall = TimeAmount.seconds(HTTPLimits.stallSeconds)
    /// For the client of a stream to read a whole panel.
    package var panel = TimeAmount.seconds(HTTPLimits.panelSeconds)
    /// For a client to close its side once it has the last answer. If the server closed at once, bytes that the client
    /// sent meanwhile would make the kernel reset the connection, and the answer would be lost.
    package var linger = TimeAmount.seconds(HTTPLimits.lingerSeconds)
    /// Between two heartbeats of a stream without events.
    package var heartbeat = TimeAmount.seconds(HTTPLimits.heartbeatSeconds)

    package init() {}
}

/// The deadlines of one connection.
final class ConnectionDeadlines {
    let times: ConnectionTimes
    private let connection: OpenConnection
    var idle: Scheduled<Void>?
    var body: Scheduled<Void>?
    var stall: Scheduled<Void>?
    var sending: Scheduled<Void>?
    var linger: Scheduled<Void>?

    init(times: ConnectionTimes, of connection: OpenConnection) {
        self.times = times
        self.connection = connection
    }

    var lastActive: NIODeadline { connection.activeAt }

    /// Notes that a request began or an answer ended. Bytes alone do not count: a head that drips keeps no connection
    /// alive.
    func touch() { connection.touch() }

    func bodyCame() {
        body?.cancel()
        body = nil
    }

    func cancelAll() {
        for deadline in [idle, body, stall, sending, linger] { deadline?.cancel() }
    }
}

extension DecisionLane {
    /// Ends a connection that was silent for too long. One scheduled task checks this until the connection ends. The
    /// task is rescheduled when it has run, not with each request.
    func watchIdleness(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((lane: self, context: context), eventLoop: context.eventLoop)
        deadlines.idle = context.eventLoop.scheduleTask(deadline: deadlines.lastActive + deadlines.times.idle) {
            let (lane, context) = bound.value
            if lane.deadlines.lastActive + lane.deadlines.times.idle <= .now() {
                lane.perform(lane.sequencer.idleTimedOut(), context)
                // A connection that waits for the server is checked again later.
                lane.deadlines.touch()
            }
            if !lane.sequencer.isClosed { lane.watchIdleness(context) }
        }
    }

    /// Bounds how long the rest of a request may take, however slowly it drips.
    func watchBody(_ context: ChannelHandlerContext) {
        guard deadlines.body == nil else { return }
        let bound = NIOLoopBound((lane: self, context: context), eventLoop: context.eventLoop)
        deadlines.body = context.eventLoop.scheduleTask(in: deadlines.times.body) {
            let (lane, context) = bound.value
            lane.deadlines.body = nil
            lane.perform(lane.sequencer.bodyTimedOut(), context)
            lane.settle(context)
        }
    }

    /// Cuts a connection whose client does not read its answer: it holds memory, and nothing else would end it.
    func watchStall(_ context: ChannelHandlerContext, isWritable: Bool) {
        deadlines.stall?.cancel()
        deadlines.stall = nil
        guard !isWritable else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadlines.stall = context.eventLoop.scheduleTask(in: deadlines.times.stall) { bound.value.cut() }
    }
}
