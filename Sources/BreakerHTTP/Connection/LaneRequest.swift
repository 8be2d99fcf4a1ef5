import BreakerCore
import NIOHTTP1

/// A request that the lane decides itself: the plain shape that workers send, over and over.
///
/// Whatever is not exactly this, be it wrong or only unusual, is the router's, which has an answer for everything.
struct LaneRequest {
    var decision: DecisionRequest
    /// The `x-request-id` that the client gave.
    var requestID: String?

    /// Recognises a `POST` without a body of a valid name, whose fields are sound, from somebody who may.
    ///
    /// - Parameter access: what the holder of an authorization may do; `nil` where it is not good.
    init?(_ head: HTTPRequestHead, access: (_ authorization: String?) -> Access?) {
        guard head.method == .POST, let fields = LaneFields(head.headers),
            let target = LaneTarget(head.uri), let name = BreakerName(target.name),
            let access = access(fields.authorization), access.allows(.work), access.allows(name)
        else { return nil }
        requestID = fields.requestID
        guard target.isReport else {
            decision = DecisionRequest(name: name, event: .acquire)
            return
        }
        guard let query = try? Query(target.query), let report = try? Report(query, at: "") else { return nil }
        decision = DecisionRequest(name: name, event: .report(report))
    }
}

/// The target of a decision: `/v1/breakers/{name}/acquire`, or `…/report?…`.
private struct LaneTarget {
    var name: Substring
    var isReport: Bool
    /// What stands behind the `?`.
    var query: Substring

    private static let prefix = Array("/v1/breakers/".utf8)

    init?(_ uri: String) {
        let bytes = uri.utf8
        guard bytes.starts(with: Self.prefix), bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        let start = bytes.index(bytes.startIndex, offsetBy: Self.prefix.count)
        guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "/")) else { return nil }
        let route = bytes[bytes.index(after: end)...]
        name = uri[start..<end]
        query = uri[uri.endIndex...]
        if route.elementsEqual("acquire".utf8) {
            isReport = false
        } else if route.starts(with: "report?".utf8) {
            isReport = true
            query = uri[bytes.index(route.startIndex, offsetBy: "report?".utf8.count)...]
        } else {
            return nil
        }
    }
}

/// The header fields that matter to a decision.
private struct LaneFields {
    var authorization: String?
    var requestID: String?

    /// - Returns: `nil` where one is repeated, says that there is a body, or asks for more than an answer.
    init?(_ headers: HTTPHeaders) {
        for (name, value) in headers {
            switch name.utf8.count {
            case 6 where name.lowercased() == "expect": return nil
            case 7 where name.lowercased() == "upgrade": return nil
            case 12 where name.lowercased() == "x-request-id":
                guard requestID == nil else { return nil }
                requestID = value
            case 13 where name.lowercased() == "authorization":
                guard authorization == nil else { return nil }
                authorization = value
            case 14 where name.lowercased() == "content-length":
                guard value == "0" else { return nil }
            case 17 where name.lowercased() == "transfer-encoding": return nil
            default: break
            }
        }
    }
}
