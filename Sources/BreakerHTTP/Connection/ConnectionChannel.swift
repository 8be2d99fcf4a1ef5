import HummingbirdCore
import Logging
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
