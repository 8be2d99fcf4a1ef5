import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The lane looks for a request only where one begins")
struct LaneBoundaryTests {
    private static let head = HTTPServerRequestPart.head(.init(version: .http1_1, method: .POST, uri: "/"))

    /// Hands the decoder `text`, of which it makes a head, if there is one, a body where `body` stands, and an end.
    private static func decode(
        _ text: String,
        body: String? = nil,
        head: Bool = true,
        end: Bool = true,
        _ boundary: inout LaneBoundary
    ) {
        let buffer = ByteBuffer(string: text)
        boundary.decoderGets(buffer)
        if head { boundary.decoderMade(Self.head) }
        if let body {
            let start = text.utf8.distance(from: text.startIndex, to: text.range(of: body)!.lowerBound)
            boundary.decoderMade(.body(buffer.getSlice(at: start, length: body.utf8.count)!))
        }
        if end { boundary.decoderMade(.end(nil)) }
        boundary.decoderIsDone(with: buffer)
    }

    @Test("At the beginning of a connection, and behind a whole request, whatever its body")
    func reached() {
        var boundary = LaneBoundary()
        #expect(boundary.isReached)
        Self.decode("GET / HTTP/1.1\r\n\r\n", &boundary)
        #expect(boundary.isReached)
        Self.decode("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}", body: "{}", &boundary)
        #expect(boundary.isReached)
        Self.decode("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", body: "{}", &boundary)
        #expect(boundary.isReached)
    }

    @Test("Not where something else has begun")
    func notReached() {
        for text in ["P", "POST / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nx: y\r\n"] {
            var boundary = LaneBoundary()
            Self.decode(text, head: false, end: false, &boundary)
            #expect(!boundary.isReached)
        }
        var boundary = LaneBoundary()
        Self.decode("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n", end: false, &boundary)
        #expect(!boundary.isReached, "a body is to come")
        Self.decode("\r\n\r\n", head: false, end: false, &boundary)
        #expect(!boundary.isReached, "this may be the body")
        Self.decode("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}POST /", body: "{}", &boundary)
        #expect(!boundary.isReached, "the next request has begun")
        Self.decode("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nx", &boundary)
        #expect(!boundary.isReached)
        Self.decode(": y\r\n\r\n", &boundary)
        #expect(boundary.isReached, "that request is whole")
    }
}
