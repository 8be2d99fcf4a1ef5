import Foundation
import TestSupport

/// A connection that sends and reads only what its test asks for.
final class RawSocket: Sendable {
    private let descriptor: Int32

    struct Failure: Error { var call: String; var code: Int32 }

    /// - Parameter receiveBuffer: the bytes that the kernel buffers for a client that does not read.
    init(url: String, receiveBuffer: Int32? = nil) throws {
        guard let port = URL(string: url)?.port else { throw Failure(call: "URL \(url)", code: 0) }
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(call: "connect", code: errno) }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(call: "send", code: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Whether there is something to read.
    var hasInput: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
    }

    /// Reads the bytes that are available at this moment.
    func readSome() -> String {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
        return String(decoding: chunk.prefix(max(0, count)), as: UTF8.self)
    }

    /// Reads one response, or the part of it that arrived before the server closed.
    func readToEnd(within seconds: Double) async throws -> String {
        var bytes: [UInt8] = []
        try await eventually("a whole response", within: seconds) {
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
            if count > 0 { bytes += chunk.prefix(count) }
            return count == 0 || count < 0 && errno == ECONNRESET || Self.isWhole(bytes)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isWhole(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return false }
        let length = text[..<end.lowerBound].lowercased().components(separatedBy: "\r\n")
            .first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst("content-length:".count).trimmingCharacters(in: .whitespaces)) }
        return length.map { text[end.upperBound...].utf8.count >= $0 } ?? false
    }
}

/// Answers the first request of each connection with the same bytes, and leaves the connection open.
final class StalledServer: Sendable {
    let url: String
    private let listener: Int32

    init(sending answer: String) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) | listen(listener, 8) | getsockname(listener, $0, &length)
            }
        }
        guard result == 0 else { throw RawSocket.Failure(call: "listen", code: errno) }
        self.listener = listener
        url = "http://127.0.0.1:\(in_port_t(bigEndian: address.sin_port))"
        Thread.detachNewThread {
            var connections: [Int32] = []
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                connections.append(connection)
                // A client accepts no answer before it has sent its request.
                var request = [UInt8](repeating: 0, count: 4_096)
                _ = recv(connection, &request, request.count, 0)
                _ = answer.withCString { Foundation.send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
            }
            for connection in connections { close(connection) }
        }
    }

    deinit {
        // This also ends the wait for a connection.
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
