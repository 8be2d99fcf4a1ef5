import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The lane takes what workers send, and leaves everything else to the router")
struct LaneRequestTests {
    private static func head(
        _ target: String,
        _ fields: [(String, String)] = [],
        method: HTTPMethod = .POST
    ) -> HTTPRequestHead {
        HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: HTTPHeaders([("host", "x")] + fields))
    }

    private static func isTaken(_ head: HTTPRequestHead, access: Access? = .anonymous) -> Bool {
        LaneRequest(head, access: { _ in access }) != nil
    }

    @Test(
        "A decision in its plain shape is taken",
        arguments: [
            "/v1/breakers/a/acquire", "/v1/breakers/payments:charge.v1_2-x/acquire",
            "/v1/breakers/acquire/acquire", "/v1/breakers/a/report?outcome=success",
            "/v1/breakers/report/report?outcome=failure&permit=7-0123456789abcdef&kind=a+b%20c&count=1&x=y",
        ]
    )
    func taken(target: String) {
        #expect(Self.isTaken(Self.head(target)))
        #expect(Self.isTaken(Self.head(target, [("content-length", "0"), ("x-request-id", "r"), ("accept", "*/*")])))
    }

    @Test(
        "Any other target is not",
        arguments: [
            "/", "*", "", "/v1/breakers", "/v1/breakers/", "/v1/breakers//acquire", "/v1/breakers/a", "/v1/breakers/a/",
            "/v1/breakers/a/acquire/", "/v1/breakers/a/acquire?", "/v1/breakers/a/acquire?x=1",
            "/v1/breakers/a/acquire#x",
            "/v1/breakers/a/Acquire", "/v1/breakers/a/report", "/v1/breakers/a/reset", "/v1/breakers/-a/acquire",
            "/v1/breakers/%61/acquire", "/v1/breakers/a b/acquire", "/v1/breakers/é/acquire", "/V1/breakers/a/acquire",
            "/v1/breakers/\(String(repeating: "a", count: 129))/acquire", "http://x/v1/breakers/a/acquire",
            "//v1/breakers/a/acquire", "/v1/breakers/a/report?", "/v1/breakers/a/report?outcome=maybe",
            "/v1/breakers/a/report?outcome=success&outcome=success", "/v1/breakers/a/report?outcome=success&kind=é",
            "/v1/breakers/a/report?outcome=success&count=0", "/v1/breakers/a/report?outcome=success&detail=%zz",
        ]
    )
    func otherTargets(target: String) {
        #expect(!Self.isTaken(Self.head(target)))
    }

    @Test(
        "A request that has a body, or wants more than an answer, is not",
        arguments: [
            ("content-length", "1"), ("Content-Length", "00"), ("transfer-encoding", "chunked"),
            ("Transfer-Encoding", "identity"), ("expect", "100-continue"), ("Upgrade", "h2c"),
        ]
    )
    func otherFields(name: String, value: String) {
        #expect(!Self.isTaken(Self.head("/v1/breakers/a/acquire", [(name, value)])))
    }

    @Test(
        "A field that may stand once and is repeated is the router's to judge",
        arguments: ["authorization", "X-Request-ID"]
    )
    func repeated(name: String) {
        #expect(Self.isTaken(Self.head("/v1/breakers/a/acquire", [(name, "a")])))
        #expect(!Self.isTaken(Self.head("/v1/breakers/a/acquire", [(name, "a"), (name.lowercased(), "a")])))
    }

    @Test("Only a POST is one", arguments: [HTTPMethod.GET, .HEAD, .PUT, .DELETE, .OPTIONS, .RAW(value: "post")])
    func methods(method: HTTPMethod) {
        #expect(!Self.isTaken(Self.head("/v1/breakers/a/acquire", method: method)))
    }

    @Test("Who may not is not served by the lane")
    func access() {
        let head = Self.head("/v1/breakers/pay:a/acquire", [("Authorization", "Bearer s")])
        #expect(!Self.isTaken(head, access: nil))
        #expect(!Self.isTaken(head, access: Access(actor: "v", role: .viewer, prefix: "")))
        #expect(!Self.isTaken(head, access: Access(actor: "w", role: .worker, prefix: "ship:")))
        #expect(Self.isTaken(head, access: Access(actor: "w", role: .worker, prefix: "pay:")))
        var shown: String?
        _ = LaneRequest(head) { authorization in
            shown = authorization
            return nil
        }
        #expect(shown == "Bearer s")
    }
}
