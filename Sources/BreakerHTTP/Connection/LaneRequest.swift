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
        guard let query = target.query else {
            decision = DecisionRequest(name: name, event: .acquire)
            return
        }
        guard let query = try? Query(query), let report = try? Report(query, at: "") else { return nil }
        decision = DecisionRequest(name: name, event: .report(report))
    }
}

/// The target of a decision: `/v1/breakers/{name}/acquire`, or `…/report?…`.
private struct LaneTarget {
    var name: String
    /// What stands behind the `?` of a report; `nil` for an acquire.
    var query: Substring?

    init?(_ uri: String) {
        var rest = uri.utf8[...]
        // What is no visible ASCII may come through the router's codec as something else.
        guard rest.allSatisfy({ (0x21...0x7e).contains($0) }), Self.take(Self.prefix, from: &rest),
            let end = rest.firstIndex(of: UInt8(ascii: "/"))
        else { return nil }
        name = String(uri[rest.startIndex..<end])
        rest = rest[end...]
        if Self.take(Self.acquire, from: &rest), rest.isEmpty { return }
        guard Self.take(Self.report, from: &rest) else { return nil }
        query = uri[rest.startIndex...]
    }

    private static func take(_ text: StaticString, from rest: inout Substring.UTF8View) -> Bool {
        let text = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard rest.starts(with: text) else { return false }
        rest = rest.dropFirst(text.count)
        return true
    }

    private static let prefix: StaticString = "/v1/breakers/"
    private static let acquire: StaticString = "/acquire"
    private static let report: StaticString = "/report?"
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
