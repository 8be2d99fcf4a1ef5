import BreakerAPI
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1

/// Keeps the order of one connection, between NIO's HTTP decoder and Hummingbird: answers what is no HTTP request with
/// a problem document, bounds how long a body may drip, and closes when the client or the answer says so.
///
/// ``Exchange`` decides; this acts.
final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var exchange = Exchange()
    /// The `x-request-id` of the newest request.
    private var requestID: String?
    private let times: ConnectionTimes
    private var bodyDeadline: Scheduled<Void>?
    private var lingerDeadline: Scheduled<Void>?
    private var stallDeadline: Scheduled<Void>?

    init(times: ConnectionTimes) {
        self.times = times
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        bodyDeadline?.cancel()
        lingerDeadline?.cancel()
        stallDeadline?.cancel()
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !exchange.isOver else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            exchange.requestBegan(keepsAlive: head.isKeepAlive && !head.asksForUpgrade)
            requestID = head.headers.first(name: "x-request-id")
            startBodyDeadline(context)
            if head.expectsContinue, exchange.mayContinue {
                let proceed = HTTPResponseHead(version: .http1_1, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(proceed)), promise: nil)
            }
        case .body: break
        case .end:
            exchange.requestEnded()
            bodyDeadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    /// Behind the last answer, whatever still comes is read and dropped.
    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if exchange.isOver { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if exchange.isOver, case .inputClosed? = event as? ChannelEvent {
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error as? HTTPParserError {
        case nil: context.fireErrorCaught(error)
        case .headerOverflow: act(on: exchange.requestFailed(.headersTooLarge), context: context)
        case .some: act(on: exchange.requestFailed(.malformedRequest), context: context)
        }
    }

    private func startBodyDeadline(_ context: ChannelHandlerContext) {
        bodyDeadline?.cancel()
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        bodyDeadline = context.eventLoop.scheduleTask(in: times.body) {
            let (handler, context) = bound.value
            handler.act(on: handler.exchange.requestFailed(.requestTimeout), context: context)
        }
    }

    // MARK: Out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !exchange.isOver else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            let saysClose = head.headers["connection"].contains { $0.lowercased() == "close" }
            if exchange.responseBegan(saysClose: saysClose) {
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            act(on: exchange.responseEnded(), context: context)
        }
    }

    private func act(on action: Exchange.Action, context: ChannelHandlerContext) {
        switch action {
        case .nothing: break
        case .answerAndClose(let code):
            write(Answer(Problem(code, Self.detail(of: code))), context: context)
            close(context)
        case .close: close(context)
        }
    }

    private func write(_ answer: Answer, context: ChannelHandlerContext) {
        var headers = HTTPHeaders(answer.fields.map { ($0.name.canonicalName, $0.value) })
        headers.replaceOrAdd(name: "connection", value: "close")
        headers.add(name: "content-length", value: String(answer.body.count))
        headers.add(name: "x-request-id", value: RequestID.of(exchange.isReading ? requestID : nil))
        let head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(statusCode: answer.status.code),
            headers: headers
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// A client that does not read what it asked for is let go: it holds memory, and nothing else would end it.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stallDeadline?.cancel()
        stallDeadline = nil
        if !context.channel.isWritable {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            stallDeadline = context.eventLoop.scheduleTask(in: times.stall) { bound.value.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    /// Says that nothing more comes and, once the client has all of it, waits a moment for it to say the same.
    private func close(_ context: ChannelHandlerContext) {
        bodyDeadline?.cancel()
        let sent = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { _ in
            let (handler, context) = bound.value
            handler.lingerDeadline = context.eventLoop.scheduleTask(in: handler.times.linger) {
                bound.value.context.close(promise: nil)
            }
        }
        context.flush()
        context.close(mode: .output, promise: sent)
        context.read()
    }

    private static func detail(of code: ProblemCode) -> String {
        switch code {
        case .headersTooLarge: "the head of a request may have \(HTTPLimits.headers) bytes"
        case .requestTimeout: "the body did not arrive in time"
        default: "the bytes are no HTTP/1.1 request, or its method is not known"
        }
    }
}

extension HTTPRequestHead {
    /// Behind such a request NIO's decoder reads nothing more, for another protocol may follow.
    fileprivate var asksForUpgrade: Bool { method == .CONNECT || headers.contains(name: "upgrade") }

    /// A client of HTTP/1.0 does not know what a 100 is (RFC 9110, section 10.1.1).
    fileprivate var expectsContinue: Bool {
        version != .http1_0 && headers["expect"].contains { $0.lowercased() == "100-continue" }
    }
}
