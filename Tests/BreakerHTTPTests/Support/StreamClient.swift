import BreakerCore
import Foundation

@testable import BreakerHTTP

/// A client that reads a stream of changes frame by frame.
///
/// It is unchecked, like ``ByteClient``: it is used by one task at a time.
final class StreamClient: @unchecked Sendable {
    /// An event, or a comment.
    struct Frame: Sendable {
        /// The two parts of the id.
        var epoch: Epoch?
        var id: Int64?
        var event: String?
        var comments: [String] = []
        var data: JSON = .null
    }

    let client: ByteClient
    let head: HTTPAnswer
    private var body = ""

    /// - Parameters:
    ///   - query: the query string, with its `?`.
    ///   - fields: further lines of the head.
    static func open(_ port: Int, _ query: String = "", fields: [String] = []) async throws -> StreamClient {
        try await ByteClient.run { try StreamClient(port, query, fields: fields, receiveBuffer: nil) }
    }

    /// - Parameter receiveBuffer: the bytes that the kernel buffers for the client; `nil` for the default size.
    init(_ port: Int, _ query: String, fields: [String], receiveBuffer: Int32?) throws {
        client = try ByteClient(port: port, receiveBuffer: receiveBuffer)
        let lines = ["GET /v1/events\(query) HTTP/1.1", "host: x"] + fields
        try client.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
        head = try client.readAnswer(hasBody: false)
    }

    /// Reads the next frame of server-sent events; `nil` at the end.
    func frame() async throws -> Frame? { try await ByteClient.run { try nextFrame() } }

    /// Reads the next event and skips comments; `nil` at the end.
    func event() async throws -> Frame? {
        try await ByteClient.run {
            while let frame = try nextFrame() {
                if frame.event != nil { return frame }
            }
            return nil
        }
    }

    /// Reads the next events, fewer at the end.
    func events(_ count: Int) async throws -> [Frame] {
        var events: [Frame] = []
        while events.count < count, let event = try await event() { events.append(event) }
        return events
    }

    /// Reads the next line of an NDJSON stream; `nil` at the end.
    func line() async throws -> JSON? {
        try await ByteClient.run { try text(upTo: "\n").map { try JSONParser.parse(Array($0.utf8)) } }
    }

    /// Reads the next line about breakers and skips heartbeats; `nil` at the end.
    func change() async throws -> JSON? {
        while let line = try await line() {
            if line["type"] != "heartbeat" { return line }
        }
        return nil
    }

    private func nextFrame() throws -> Frame? {
        guard let text = try text(upTo: "\n\n") else { return nil }
        var frame = Frame()
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let value = String(parts[1].drop { $0 == " " })
            switch parts[0] {
            case "": frame.comments.append(value)
            case "id": (frame.epoch, frame.id) = (EventID(value)?.epoch, EventID(value)?.revision)
            case "event": frame.event = value
            case "data": frame.data = try JSONParser.parse(Array(value.utf8))
            default: break
            }
        }
        return frame
    }

    private func text(upTo end: String) throws -> String? {
        while true {
            if let range = body.range(of: end) {
                defer { body = String(body[range.upperBound...]) }
                return String(body[..<range.lowerBound])
            }
            guard let chunk = try client.readChunk() else { return nil }
            body += chunk
        }
    }
}
