import BreakerAPI
import BreakerEngine
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// The lane in front of the router: a channel handler that decides workers' requests on the connection's event loop,
/// passes all other requests on, and keeps the answers in order.
///
/// It sits between NIO's HTTP decoder and Hummingbird's codec. The requests that it decides bypass that decoder: they
/// come from ``LaneEntrance``. ``ResponseSequencer`` decides the order; the lane carries out its actions.
final class DecisionLane: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    enum Part {
        case decision(LaneRequest, from: Client)
        case other(HTTPServerRequestPart)
    }

    let decisions: Decisions
    var credentials: Credentials
    private let failures: AuthenticationFailures
    private let address: String?
    let deadlines: ConnectionDeadlines
    let meters: HTTPMeters
    let connections: OpenConnections
    let connection: OpenConnection
    /// The last part from the decoder was the end of a request.
    var hasDecodedEnd = false
    /// The bytes that the decoder is reading, without the rest of a line that began before them.
    var decoderInput = ByteBuffer()
    var sequencer = ResponseSequencer<Part>()
    /// The body that the decoder is reading.
    private var body = BodyParts()
    /// The router has the head of a request and not yet its end.
    private var isPassingRequest = false
    var answers = AnswerWriter()
    /// The `x-request-id` that the client gave with the request in progress.
    var requestID: String?
    private var context: ChannelHandlerContext?
    /// The encoder's context. It takes complete answers: writes to it bypass the encoder.
    private(set) var encoderContext: ChannelHandlerContext?
    /// Takes bytes as the client receives them: writes to it also bypass TLS. The same as `encoderContext` where there
    /// is no TLS.
    private(set) var socket: ChannelHandlerContext?

    // Work that is deferred to the end of the present call from the event loop.
    private var isReadingBurst = false
    private var isTakingHeld = false
    private var hasPassed = false
    private var hasWritten = false
    /// The event loop wants to read, and may once nothing is held and the client reads its answers.
    private var isReadHeldBack = false
    private var isWritable = true

    /// - Parameters:
    ///   - address: the peer address of the connection; `nil` where it has none.
    ///   - connection: the lane's own connection, one of `connections`.
    init(
        decisions: Decisions,
        gatekeeper: Gatekeeper,
        failures: AuthenticationFailures,
        address: String?,
        times: ConnectionTimes,
        meters: HTTPMeters,
        connections: OpenConnections,
        connection: OpenConnection
    ) {
        self.decisions = decisions
        credentials = Credentials(gatekeeper, address: address)
        self.failures = failures
        self.address = address
        deadlines = ConnectionDeadlines(times: times, of: connection)
        self.meters = meters
        self.connections = connections
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        encoderContext = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
        precondition(encoderContext != nil, "the pipeline has no encoder before the lane")
        socket = (try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)) ?? encoderContext
        meters.connectionOpened()
        watchIdleness(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        sequencer.end()
        deadlines.cancelAll()
        meters.connectionClosed()
        self.context = nil
        encoderContext = nil
        socket = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        sequencer.end()
        // Without an error, the router would carry out the request with the part of its body that has arrived.
        if isPassingRequest { context.fireErrorCaught(ChannelError.eof) }
        context.fireChannelInactive()
    }

    // MARK: Input

    /// Receives a request that the lane decides.
    /// - Parameter client: the sender, whose access allows the request.
    func receive(_ request: LaneRequest, from client: Client) {
        guard let context else { return }
        isReadingBurst = true
        if connection.isStranger, let access = credentials.lastAccess {
            connections.authenticate(connection.channel, as: client, by: access)
        }
        deadlines.touch()
        receive(.decision(.decision(request, from: client)), context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReadingBurst = true
        let part = unwrapInboundIn(data)
        hasDecodedEnd = false
        switch part {
        case .head(let head):
            deadlines.touch()
            receive(head, context)
        case .body(let bytes): body.append(bytes)
        case .end:
            hasDecodedEnd = true
            receiveBody(context)
            receive(.end(.other(part)), context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        receiveBody(context)
        isReadingBurst = false
        settle(context)
        // After the last answer, further input is read and dropped.
        if sequencer.isClosed { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow: receive(.failed(.headTooLarge), context)
        case HTTPParserError.invalidMethod where decoderInput.hasRequestOfUnknownMethod:
            receive(.failed(.unknownMethod), context)
        case is HTTPParserError: receive(.failed(.malformedBytes), context)
        // The router would treat these errors as the end of the connection, and close it before the lane has answered.
        // Either the decoder failed earlier and more bytes follow, or the client sends no more and TLS did not announce
        // it.
        case is ByteToMessageDecoderError, NIOSSLError.uncleanShutdown: break
        case NIOSSLError.handshakeFailed(let cause):
            if cause.isRefusalOfCertificate {
                failures.note(AuthenticationFailure(reason: .refusedCertificate), from: address)
            }
            context.fireErrorCaught(error)
        default: context.fireErrorCaught(error)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: perform(sequencer.quiesce(), context)
        case is RoomNeeded: makeRoom(context)
        case is PanelUnread: cut()
        case TLSUserEvent.handshakeCompleted:
            let name = ServerTLS.clientName(context.pipeline.syncOperations)
            credentials.certificate = name
            connection.certificate = name
            context.fireUserInboundEventTriggered(event)
        case ChannelEvent.inputClosed:
            isReadingBurst = false
            receive(.inputClosed, context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func receive(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        do {
            let sound = try head.validated()
            let traits = RequestTraits(persistence: head.persistence, expectsContinue: head.expectsContinue)
            body = BodyParts(isChunked: sound.headers.contains(name: "transfer-encoding"))
            receive(.head(.other(.head(sound)), traits), context)
        } catch {
            receive(.failed(error), context)
        }
    }

    /// Receives the part of a body that has arrived since the last call, as one part.
    private func receiveBody(_ context: ChannelHandlerContext) {
        do throws(Problem) {
            guard let part = try body.take() else { return }
            receive(.body(.other(.body(part))), context)
        } catch {
            receive(.failed(error), context)
        }
    }

    private func receive(_ incoming: Incoming<Part>, _ context: ChannelHandlerContext) {
        perform(sequencer.receive(incoming), context)
        if !isReadingBurst { settle(context) }
    }

    // MARK: Output

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !sequencer.isClosed else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            head.headers.say(sequencer.responseBegan(saysClose: head.headers.sayClose))
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            requestID = nil
            connection.isServed = false
            deadlines.touch()
            perform(sequencer.responseEnded(), context)
            takeHeld(context)
        }
    }

    /// Holds reading back while requests wait for their turn, and while the client leaves its answers unread. So a
    /// connection holds no more than one read brings.
    func read(context: ChannelHandlerContext) {
        if sequencer.isHolding || !isWritable {
            isReadHeldBack = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        connection.noteWritability(isWritable)
        watchStall(context, isWritable: isWritable)
        context.fireChannelWritabilityChanged()
        settle(context)
    }

    // MARK: Actions

    func perform(_ action: Action<Part>, _ context: ChannelHandlerContext) {
        switch action {
        case .nothing: break
        case .pass(let part): pass(part, context)
        case .passAndContinue(let part):
            let proceed = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(proceed)), promise: nil)
            pass(part, context)
        case .ask(let part): ask(part, context)
        case .passInputClosed: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        case .answerErrorAndClose(let problem):
            meters.refused(status: problem.status)
            write(Answer(problem), .closes, context)
            close(context)
        case .close: close(context)
        case .closeBothWays: closeBothWays(context)
        }
    }

    private func pass(_ part: Part, _ context: ChannelHandlerContext) {
        guard case .other(let part) = part else { preconditionFailure("a decision was to go to the router") }
        switch part {
        case .head(let head):
            isPassingRequest = true
            requestID = head.headers[canonicalForm: "x-request-id"].first.map(String.init)
        case .body: break
        case .end:
            isPassingRequest = false
            // Not before the end of the request: a client could keep its connection with a request that it never ends.
            connection.isServed = sequencer.awaitsAnswer
            deadlines.bodyCame()
        }
        hasPassed = true
        context.fireChannelRead(wrapInboundOut(part))
    }

    /// Handles the held input whose turn has come.
    func takeHeld(_ context: ChannelHandlerContext) {
        // An answer that is ready at once calls this method again.
        guard !isTakingHeld else { return }
        isTakingHeld = true
        while let action = sequencer.next() { perform(action, context) }
        isTakingHeld = false
        if !isReadingBurst { settle(context) }
    }

    /// Does the work that is due once for each call from the event loop.
    func settle(_ context: ChannelHandlerContext) {
        if sequencer.awaitsBody { watchBody(context) }
        if hasPassed {
            hasPassed = false
            context.fireChannelReadComplete()
        }
        if hasWritten {
            hasWritten = false
            encoderContext?.flush()
        }
        if isReadHeldBack, !sequencer.isHolding, isWritable {
            isReadHeldBack = false
            context.read()
        }
    }

    func write(_ answer: Answer, _ persistence: Persistence, _ context: ChannelHandlerContext) {
        let buffer = answers.bytes(of: answer, requestID: requestID, persistence, context.channel.allocator)
        requestID = nil
        hasWritten = true
        encoderContext?.write(NIOAny(buffer), promise: nil)
    }
}
