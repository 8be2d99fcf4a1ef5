import NIOCore

/// The body of a request as the decoder emits it: joins the parts of one read, and bounds the number of chunks.
///
/// The decoder emits each chunk separately, and one read can have thousands of them. On its way to the router a part
/// costs the event loop much more than a short chunk costs its client.
struct BodyParts {
    private let isChunked: Bool
    private var joined: ByteBuffer?
    private var count = 0
    private var bytes = 0

    /// - Parameter isChunked: whether the client chooses the parts. The parts of other bodies are the reads.
    init(isChunked: Bool = false) {
        self.isChunked = isChunked
    }

    mutating func append(_ part: ByteBuffer) {
        count += 1
        bytes += part.readableBytes
        if joined == nil {
            joined = part
        } else {
            joined?.writeImmutableBuffer(part)
        }
    }

    /// The bytes that were appended since the last call; `nil` where there are none.
    ///
    /// - Throws: `malformed_request` for a body in too many small chunks.
    mutating func take() throws(Problem) -> ByteBuffer? {
        guard let joined else { return nil }
        self.joined = nil
        guard !isChunked || count <= HTTPLimits.bodyChunks || bytes >= count * HTTPLimits.chunkBytes else {
            throw .smallChunks
        }
        return joined
    }
}
