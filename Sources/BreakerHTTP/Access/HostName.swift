import BreakerAPI
import BreakerCore
import HTTPTypes

/// The host and the port of an authority: `fusebox:7979`, `[::1]:7979`, `fusebox.example` (RFC 3986, section 3.2).
struct HostName: Hashable {
    /// In lower case; an IPv6 address has its brackets.
    private(set) var name: String
    let port: String

    /// - Returns: `nil` for an empty authority, and for one that is not a host with or without a port.
    init?(_ authority: String, defaultPort: String = "") {
        guard let end = Self.hostEnd(in: authority.utf8), end > authority.startIndex else { return nil }
        name = authority[..<end].lowercased()
        let port = String(authority[end...].dropFirst())
        self.port = port.isEmpty ? defaultPort : port
        if name.hasSuffix(".") { name.removeLast() }
        if name.isEmpty { return nil }
    }

    /// Whether `value` is a valid value of the field `host`, which may be empty.
    static func isField(_ value: some BidirectionalCollection<UInt8>) -> Bool {
        guard let end = hostEnd(in: value) else { return false }
        return end > value.startIndex || value.isEmpty
    }

    /// Whether no third party's name server can point this name at another machine: it is an address, a name without a
    /// dot, or a name below a domain that is never registered (RFC 6761, RFC 6762, and `internal`).
    var isLocal: Bool {
        if name.hasPrefix("[") || !name.contains(".") { return true }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 4, labels.allSatisfy(Self.isByte) { return true }
        return ["localhost", "local", "internal"].contains(labels.last)
    }

    /// Whether this name always means the client's own machine (RFC 6761, section 6.3).
    var isLoopback: Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 4, labels.allSatisfy(Self.isByte) { return labels[0] == "127" }
        return name == "[::1]" || labels.last == "localhost"
    }

    /// Whether the label is one number of an IPv4 address. `UInt8` alone would also read a sign.
    private static func isByte(_ label: Substring) -> Bool { label.utf8.allSatisfy(isDigit) && UInt8(label) != nil }

    /// The index at which the host ends, and at which its port begins if it has one.
    ///
    /// - Returns: `nil` where the bytes are not a host with or without a port. User information, escapes and the
    ///   punctuation that RFC 3986 allows in names are rejected: no host on the Internet has them.
    private static func hostEnd<Bytes: BidirectionalCollection<UInt8>>(in bytes: Bytes) -> Bytes.Index? {
        var end = bytes.startIndex
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")), isAddress(bytes[..<close].dropFirst()) else {
                return nil
            }
            end = bytes.index(after: close)
        } else {
            while end < bytes.endIndex, isNameByte(bytes[end]) { bytes.formIndex(after: &end) }
        }
        guard end < bytes.endIndex else { return end }
        let port = bytes[end...].dropFirst()
        guard bytes[end] == UInt8(ascii: ":"), port.count <= 5, port.allSatisfy(isDigit) else { return nil }
        return port.reduce(0, { $0 * 10 + Int($1 - UInt8(ascii: "0")) }) <= UInt16.max ? end : nil
    }

    /// Whether the bytes have the form of an IPv6 address, with or without a zone.
    private static func isAddress(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        let address = bytes.prefix { $0 != UInt8(ascii: "%") }
        return address.contains(UInt8(ascii: ":"))
            && address.allSatisfy { $0.hexDigitValue != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
            && bytes.dropFirst(address.count + 1).allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: isDigit(byte)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

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
