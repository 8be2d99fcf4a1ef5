import NIOCore
import NIOHTTP1

/// Where bytes come in: hands the lane the requests that it decides, and NIO's decoder everything else.
///
/// A request can only be recognised where one begins. Whether the decoder stands there is told by what it made of the
/// bytes that it got last (``LaneBoundary``).
final class LaneEntrance: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let lane: DecisionLane

    init(to lane: DecisionLane) {
        self.lane = lane
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if lane.boundary.isReached {
            while let request = LaneRequest.take(from: &buffer, &lane.credentials) { lane.receive(request) }
        }
        guard buffer.readableBytes > 0 else { return }
        lane.decoderInput = lane.boundary.isReached ? buffer : buffer.fromSecondLine
        lane.boundary.decoderGets(buffer)
        context.fireChannelRead(wrapInboundOut(buffer))
        lane.decoderInput = ByteBuffer()
        lane.boundary.decoderIsDone(with: buffer)
    }
}

/// Whether the next byte of a connection is the first of a request, as far as that is known.
///
/// The decoder takes all bytes that it gets, and does not tell how many belong to what it made of them. But it stands
/// between two requests if the last thing it made was the end of one, and no byte came behind that. None did where its
/// bytes end with that request's body, or with an empty line: behind a beginning that ends with an empty line, be it a
/// whole head, the last thing would have been that head.
struct LaneBoundary {
    private(set) var isReached = true
    private var lastIsEnd = false
    /// Behind the last byte of the last body.
    private var bodyEnd: UnsafeRawPointer?

    mutating func decoderGets(_ buffer: ByteBuffer) {
        isReached = false
        lastIsEnd = false
        bodyEnd = nil
    }

    mutating func decoderMade(_ part: HTTPServerRequestPart) {
        switch part {
        case .head: (lastIsEnd, bodyEnd) = (false, nil)
        case .body(let body): (lastIsEnd, bodyEnd) = (false, body.end)
        case .end: lastIsEnd = true
        }
    }

    mutating func decoderIsDone(with buffer: ByteBuffer) {
        let isWhole = buffer.readableBytesView.suffix(4).elementsEqual("\r\n\r\n".utf8) || bodyEnd == buffer.end
        isReached = lastIsEnd && isWhole
        bodyEnd = nil
    }
}

extension ByteBuffer {
    /// Behind the last readable byte. A slice of a buffer has its bytes where the buffer has them.
    fileprivate var end: UnsafeRawPointer? {
        withUnsafeReadableBytes { bytes in bytes.baseAddress.map { $0 + bytes.count } }
    }
}
