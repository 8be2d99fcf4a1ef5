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
