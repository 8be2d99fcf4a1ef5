import BreakerAPI
import HTTPTypes

/// The header fields that distinguish a browser's request from a worker's.
///
/// A browser sends `origin` (RFC 6454) with all requests but a plain `GET`, and `sec-fetch-*` where the connection is
/// trusted. The `user-agent` of every browser begins alike. A page cannot change the first two. It can leave `referer`
/// out and, in some browsers, set `user-agent`; a server that such pages must not reach needs tokens.
///
/// `sec-fetch-mode` is not a mark: `fetch` in Node.js sends it, and a browser sends `sec-fetch-site` with it.
struct BrowserMarks {
    private let origin: String?
    private let fetchSite: String?
    /// Whether the request has any of these marks.
    let areThere: Bool
    /// The server's host and port as the client addressed them.
    private let host: String
    /// The scheme by which the browser reached the server, or the proxy in front of it; `nil` where it is unknown.
    private let scheme: String?

    init(_ request: HTTPRequest) {
        let fields = request.headerFields
        origin = fields[.origin]
        fetchSite = fields[.secFetchSite]
        areThere =
            origin != nil || fields.contains(.referer)
            || fields[values: .userAgent].contains { $0.hasPrefix("Mozilla/") }
            || fields.contains {
                $0.name.canonicalName.hasPrefix("sec-fetch-") && $0.name.canonicalName != "sec-fetch-mode"
            }
        host = request.authority ?? ""
        scheme = request.headerFields[.forwardedProto] ?? (request.scheme == "https" ? "https" : nil)
    }

    /// Requires that a page of this server, or the browser's user, sent the request.
    ///
    /// - Throws: `cross_site`.
    func requireOwnSite() throws(Problem) {
        if let fetchSite, fetchSite != "same-origin", fetchSite != "none" {
            throw Problem(.crossSite, "a page of another site cannot send this request (sec-fetch-site: \(fetchSite))")
        }
        guard let origin, !isOwn(origin) else { return }
        throw Problem(
            .crossSite,
            "a page of \(origin) cannot send this request\(host.isEmpty ? "" : " to \(host)"); "
                + "a proxy in front of the server must forward the host unchanged"
        )
    }

    private func isOwn(_ origin: String) -> Bool {
        for (scheme, port) in [("http", "80"), ("https", "443")] where self.scheme == nil || self.scheme == scheme {
            guard let own = HostName(host, defaultPort: port), origin.hasPrefix(scheme + "://") else { continue }
            if HostName(String(origin.dropFirst(scheme.utf8.count + 3)), defaultPort: port) == own { return true }
        }
        return false
    }
}

extension HTTPField.Name {
    static let secFetchSite = Self("sec-fetch-site")!
    static let forwardedProto = Self("x-forwarded-proto")!
}
