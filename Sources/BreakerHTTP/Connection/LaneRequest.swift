import BreakerCore
import BreakerEngine
import NIOCore

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
