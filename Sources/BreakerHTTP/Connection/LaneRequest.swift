import BreakerCore
import BreakerEngine
import NIOCore

/// A request that the lane decides: the plain shape that workers send, over and over, read straight off the bytes.
///
/// Whatever is not exactly this, be it wrong, or only unusual or not all there yet, is left to NIO's decoder and the
/// router, which have an answer for everything. So this takes less than HTTP allows, and never more.
struct LaneRequest {
    var decision: DecisionRequest
    /// The sender.
    var client: Client
    /// The `x-request-id` that the client gave.
    var requestID: String?

    /// Takes a request off the beginning of `buffer`: a `POST` without a body of a valid name, whose fields are sound,
    /// from somebody who may.
    ///
    /// - Parameter credentials: know what the holder of an authorization may do.
    /// - Returns: `nil` where something else stands there; the buffer is as it was.
    static func take(from buffer: inout ByteBuffer, _ credentials: inout Credentials) -> LaneRequest? {
        let taken = buffer.withUnsafeReadableBytes { bytes in
            var reader = LaneReader(UnsafeRawBufferPointer(rebasing: bytes.prefix(HTTPLimits.laneBytes)))
            return request(&reader, &credentials).map { (request: $0, length: reader.place) }
        }
        guard let taken else { return nil }
        buffer.moveReaderIndex(forwardBy: taken.length)
        return taken.request
    }

    private static func request(_ reader: inout LaneReader, _ credentials: inout Credentials) -> LaneRequest? {
        guard reader.take("POST /v1/breakers/") else { return nil }
        let nameText = reader.take(while: BreakerName.isNameByte)
        var query: Range<Int>?
        if !reader.take("/acquire") {
            guard reader.take("/report?") else { return nil }
            query = reader.take(while: { (0x21...0x7e).contains($0) })
        }
        guard reader.take(" HTTP/1.1\r\n"), let fields = LaneFields(&reader),
            let name = BreakerName(reader.text(nameText)),
            let access = credentials.access(reader, fields.authorization), access.allows(.work), access.allows(name)
        else { return nil }
        guard let event = event(query.map(reader.bytes)) else { return nil }
        return LaneRequest(
            decision: DecisionRequest(name: name, event: event),
            client: credentials.client,
            requestID: fields.requestID.map(reader.text)
        )
    }

    private static func event(_ query: [UInt8]?) -> DecisionRequest.Event? {
        guard let query else { return .acquire }
        guard let fields = try? Query(bytes: query), let report = try? Report(fields, at: "") else { return nil }
        return .report(report)
    }
}

extension Credentials {
    fileprivate mutating func access(_ reader: LaneReader, _ authorization: Range<Int>?) -> Access? {
        guard let authorization else { return access(nil) }
        if let known = known(where: { reader.isText(authorization, $0) }) { return known }
        return access(reader.text(authorization))
    }
}
