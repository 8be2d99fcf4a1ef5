import NIOPosix

@testable import BreakerHTTP

/// Sends bytes in pieces that the server reads one after the other.
///
/// Between two pieces, a request on other connections is answered: the event loops have turned by then, and the server has
/// read the first piece. With some luck, that is: another connection may be on the same loop twice. Many splits of many
/// scripts leave few that arrive whole.
final class SplitSender {
    private let port: Int
    private let others: [ByteClient]

    init(port: Int) throws {
        self.port = port
        others = try (0..<MultiThreadedEventLoopGroup.singleton.loopCount).map { _ in try ByteClient(port: port) }
    }

    /// - Parameter indices: where a piece ends and the next begins, in ascending order.
    /// - Returns: the connection, on which everything was sent.
    func send(_ bytes: [UInt8], splitAt indices: [Int]) throws -> ByteClient {
        let client = try ByteClient(port: port)
        var start = 0
        for index in indices {
            try client.send(Array(bytes[start..<index]))
            try letServerRead()
            start = index
        }
        try client.send(Array(bytes[start...]))
        return client
    }

    /// Returns when the server has read what was sent to it.
    func letServerRead() throws {
        for other in others {
            try other.send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
            _ = try other.readAnswer()
        }
    }
}

extension MultiThreadedEventLoopGroup {
    fileprivate var loopCount: Int { makeIterator().reduce(0) { count, _ in count + 1 } }
}
