import BreakerCore
import BreakerEngine
import NIOCore

/// The first handler of a connection's bytes: passes the lane the requests that it decides, and NIO's decoder all
/// others.
///
/// A request can be recognised only where it begins: at the start of a connection, and after a request that the decoder
/// has read to its end. The decoder does not report the byte at which a request ends. But it passes on the end of a
/// request as soon as it has the last byte of that request. So it gets the last byte of each read separately. If it
/// then passes on an end, the next byte is the first of a request.
final class LaneEntrance: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let lane: DecisionLane
    private let usesLane: Bool
    private var isAtStart = true

    /// - Parameter usesLane: whether the lane decides anything; where it does not, the decoder gets every request.
    init(to lane: DecisionLane, usesLane: Bool) {
        self.lane = lane
        self.usesLane = usesLane
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // After the last answer the client may send on for a while, and its bytes are not worth decoding.
        guard !lane.sequencer.isClosed else { return }
        var buffer = unwrapInboundIn(data)
        if isAtStart, usesLane {
            while let request = LaneRequest(at: buffer) {
                guard let client = lane.credentials.client(for: request, in: buffer) else { break }
                buffer.moveReaderIndex(forwardBy: request.length)
                lane.receive(request, from: client)
            }
        }
        guard buffer.readableBytes > 0 else { return }
        lane.decoderInput = isAtStart ? buffer : buffer.fromSecondLine
        if let start = buffer.readSlice(length: buffer.readableBytes - 1), start.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(start))
        }
        lane.hasDecodedEnd = false
        context.fireChannelRead(wrapInboundOut(buffer))
        isAtStart = lane.hasDecodedEnd
        lane.decoderInput = ByteBuffer()
    }
}

/// A request that the lane decides: the plain form that workers send, read directly from the bytes.
///
/// NIO's decoder and the router handle every other request, whether it is wrong, unusual or not complete yet. So the
/// lane accepts less than HTTP allows, and never more.
struct LaneRequest {
    var decision: DecisionRequest
    /// The `x-request-id` that the client gave.
    var requestID: String?
    /// The number of bytes of the request.
    var length: Int
    /// The range of the value of `authorization` among these bytes.
    fileprivate var authorization: Range<Int>?

    /// Reads the request at the beginning of `buffer`: a `POST` without a body, with a valid breaker name and valid
    /// fields.
    ///
    /// - Returns: `nil` for any other input.
    init?(at buffer: ByteBuffer) {
        let request = buffer.withUnsafeReadableBytes { bytes in
            var reader = LaneReader(UnsafeRawBufferPointer(rebasing: bytes.prefix(HTTPLimits.laneBytes)))
            return Self(&reader)
        }
        guard let request else { return nil }
        self = request
    }

    private init?(_ reader: inout LaneReader) {
        guard reader.take("POST /v1/breakers/") else { return nil }
        let nameText = reader.take(while: BreakerName.isNameByte)
        var query: Range<Int>?
        if !reader.take("/acquire") {
            guard reader.take("/report?") else { return nil }
            // The router refuses a target with a fragment.
            query = reader.take(while: { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") })
        }
        guard reader.take(" HTTP/1.1\r\n"), let fields = LaneFields(&reader),
            let name = BreakerName(reader.text(nameText)), let event = Self.event(query.map(reader.bytes))
        else { return nil }
        decision = DecisionRequest(name: name, event: event)
        requestID = fields.requestID.map(reader.text)
        length = reader.position
        authorization = fields.authorization
    }

    private static func event(_ query: [UInt8]?) -> DecisionRequest.Event? {
        guard let query else { return .acquire }
        guard let fields = try? Query(bytes: query), let report = try? Report(fields, at: "") else { return nil }
        return .report(report)
    }
}

extension Credentials {
    /// The sender of the request at the beginning of `buffer`; `nil` where its access does not allow the request.
    mutating func client(for request: LaneRequest, in buffer: ByteBuffer) -> Client? {
        let found = buffer.withUnsafeReadableBytes { access(LaneReader($0), request.authorization) }
        guard let found, found.allows(.work), found.allows(request.decision.name) else { return nil }
        return client
    }

    private mutating func access(_ reader: LaneReader, _ authorization: Range<Int>?) -> Access? {
        guard let authorization else { return access(nil) }
        if let known = known(where: { reader.isText(authorization, $0) }) { return known }
        return access(reader.text(authorization))
    }
}

extension DecisionLane {
    /// Decides a request. The answer is ready at once where nothing has to be stored; otherwise it comes from the
    /// writer's thread.
    func ask(_ part: Part, _ context: ChannelHandlerContext) {
        guard case .decision(let request, let client) = part else {
            preconditionFailure("the router's request was to be decided")
        }
        requestID = request.requestID
        connection.isServed = true
        let kind = request.decision.kind
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((lane: self, context: context), eventLoop: eventLoop)
        let answer = decisions.answer(request.decision, from: client) { answer in
            if eventLoop.inEventLoop {
                bound.value.lane.answer(answer, to: kind, bound.value.context)
            } else {
                eventLoop.execute { bound.value.lane.answer(answer, to: kind, bound.value.context) }
            }
        }
        if let answer { self.answer(answer, to: kind, context) }
    }

    private func answer(_ answer: Answer, to kind: DecisionKind, _ context: ChannelHandlerContext) {
        guard let persistence = sequencer.answered() else { return }
        meters.answered(kind, status: answer.status)
        connection.isServed = false
        deadlines.touch()
        write(answer, persistence, context)
        if persistence == .closes { close(context) }
        takeHeld(context)
    }
}
