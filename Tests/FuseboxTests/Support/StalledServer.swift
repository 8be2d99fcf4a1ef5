import Foundation

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
