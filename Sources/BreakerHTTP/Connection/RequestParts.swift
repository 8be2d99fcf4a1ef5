import BreakerAPI
import HTTPTypes
import NIOCore
import NIOHTTP1

extension HTTPRequestHead {
    /// The head as the router reads it: checked where the decoder is lenient, and its target without scheme and
    /// authority.
    ///
    /// - Throws: `malformed_request`; `not_implemented` for a transfer coding or a method that no route could take.
    func validated() throws(Problem) -> HTTPRequestHead {
        guard StreamSafety.holds(uri.utf8), headers.allSatisfy({ StreamSafety.holds($0.value.utf8) }) else {
            throw Problem(
                .malformedRequest,
                "a request's head may have at most \(StreamSafety.maximumMarks) combining marks in a row"
            )
        }
        try requireKnownCoding()
        let hosts = headers["host"]
        guard hosts.count == 1 || hosts.isEmpty && version == .http1_0 else {
            throw Problem(.malformedRequest, "a request must have one host field, not \(hosts.count)")
        }
        guard let host = hosts.first else { return try inOriginForm() }
        // The decoder does not remove the whitespace after a value (RFC 9110, section 5.5).
        let value = host.utf8.reversed().drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.reversed()
        guard HostName.isField(value) else {
            throw Problem(.malformedRequest, "the host field must be a host, with or without a port")
        }
        guard value.count < host.utf8.count else { return try inOriginForm() }
        var head = self
        head.headers.replaceOrAdd(name: "host", value: String(decoding: value, as: UTF8.self))
        return try head.inOriginForm()
    }

    /// Rejects every transfer coding but `chunked`. The decoder knows only `chunked`, and ignores other codings before
    /// it (RFC 9112, section 6.1).
    private func requireKnownCoding() throws(Problem) {
        guard headers.contains(name: "transfer-encoding") else { return }
        guard version != .http1_0 else {
            throw Problem(.malformedRequest, "an HTTP/1.0 request must not have a transfer-encoding")
        }
        guard headers[canonicalForm: "transfer-encoding"].map({ $0.lowercased() }) == ["chunked"] else {
            throw Problem(.notImplemented, "the server implements only the transfer-encoding chunked")
        }
    }

    /// Accepts the four forms of a target (RFC 9112, section 3.2), and removes scheme and authority.
    private func inOriginForm() throws(Problem) -> HTTPRequestHead {
        guard method != .CONNECT else { throw .unknownMethod }
        guard !uri.utf8.contains(UInt8(ascii: "#")) else {
            throw Problem(.malformedRequest, "the target of a request must not have a fragment")
        }
        if uri.hasPrefix("/") || uri == "*" && method == .OPTIONS { return self }
        guard let scheme = ["http://", "https://"].first(where: { uri.lowercased().hasPrefix($0) }) else {
            throw Problem(.malformedRequest, "the target of a request must begin with /, http:// or https://")
        }
        let rest = uri.utf8.dropFirst(scheme.utf8.count)
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        let (authority, target) = (String(uri[rest.startIndex..<end]), String(uri[end...]))
        guard HostName(authority) != nil else {
            throw Problem(.malformedRequest, "the target of a request must name a host, with or without a port")
        }
        var head = self
        // The authority of the target overrides the host field.
        head.headers.replaceOrAdd(name: "host", value: authority)
        head.uri = target.hasPrefix("/") ? target : target.isEmpty && method == .OPTIONS ? "*" : "/" + target
        return head
    }
}

extension HTTPRequestHead {
    /// After a request for another protocol, NIO's decoder reads nothing more.
    var persistence: Persistence {
        guard isKeepAlive, !headers.contains(name: "upgrade") else { return .closes }
        return version == .http1_0 ? .staysAndSaysSo : .stays
    }

    /// A client of HTTP/1.0 does not know the status 100 (RFC 9110, section 10.1.1).
    var expectsContinue: Bool {
        version != .http1_0 && headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
    }
}

extension HTTPHeaders {
    var sayClose: Bool { self["connection"].contains { $0.lowercased() == "close" } }

    mutating func say(_ persistence: Persistence) {
        guard let value = persistence.field else { return }
        replaceOrAdd(name: "connection", value: value)
    }
}

extension ByteBuffer {
    /// The bytes without the rest of a line that began before them.
    var fromSecondLine: ByteBuffer {
        var rest = self
        rest.moveReaderIndex(to: readableBytesView.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? writerIndex)
        return rest
    }

    /// Whether a line begins a request with a method that the decoder does not know. The decoder stops at such a method
    /// as at any other wrong byte, and its error does not distinguish the two.
    var hasRequestOfUnknownMethod: Bool {
        readableBytesView.split(separator: UInt8(ascii: "\n")).contains { line in
            // One read can have thousands of shorter lines.
            guard line.count >= "X * HTTP/1.1\r".utf8.count else { return false }
            let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 3, ["HTTP/1.1\r", "HTTP/1.0\r"].contains(words[2]),
                HTTPField.Name(String(words[0])) != nil
            else { return false }
            if case .RAW = HTTPMethod(rawValue: String(words[0])) { return true }
            return false
        }
    }
}

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
