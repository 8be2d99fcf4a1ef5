import BreakerCore
import BreakerEngine
import NIOCore

/// A request that the lane decides: the plain shape that workers send, over and over, read straight off the bytes.
///
/// Whatever is not exactly this, be it wrong, or only unusual or not all there yet, is left to NIO's decoder and the
/// router, which have an answer for everything. So this takes less than HTTP allows, and never more.
struct LaneRequest {
    var decision: DecisionRequest
    /// The `x-request-id` that the client gave.
    var requestID: String?
    /// How many bytes it has.
    var length: Int
    /// Where the value of `authorization` is among these bytes.
    fileprivate var authorization: Range<Int>?

    /// Reads the request at the beginning of `buffer`: a `POST` without a body of a valid name, whose fields are sound.
    ///
    /// - Returns: `nil` where something else is there.
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
            query = reader.take(while: { (0x21...0x7e).contains($0) })
        }
        guard reader.take(" HTTP/1.1\r\n"), let fields = LaneFields(&reader),
            let name = BreakerName(reader.text(nameText)), let event = Self.event(query.map(reader.bytes))
        else { return nil }
        decision = DecisionRequest(name: name, event: event)
        requestID = fields.requestID.map(reader.text)
        length = reader.place
        authorization = fields.authorization
    }

    private static func event(_ query: [UInt8]?) -> DecisionRequest.Event? {
        guard let query else { return .acquire }
        guard let fields = try? Query(bytes: query), let report = try? Report(fields, at: "") else { return nil }
        return .report(report)
    }
}

extension Credentials {
    /// The sender of a request that is at the beginning of `buffer`; `nil` where it may not ask this.
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
