import NIOPosix

@testable import BreakerHTTP

/// Sends a script of bytes in two pieces that the server reads one after the other.
///
/// Between the two, a request on other connections is answered: the event loops have turned by then, and the server has
/// read the first piece. With some luck, that is: another connection may be on the same loop twice. Many splits of many
/// scripts leave few that arrive whole.
final class SplitSender {
    private let port: Int
    private let others: [ByteClient]

    init(port: Int) throws {
        self.port = port
        others = try (0..<MultiThreadedEventLoopGroup.singleton.loopCount).map { _ in try ByteClient(port: port) }
    }

    /// - Returns: the connection, on which everything was sent.
    func send(_ script: [UInt8], splitAt place: Int) throws -> ByteClient {
        let client = try ByteClient(port: port)
        try client.send(Array(script[..<place]))
        for other in others {
            try other.send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
            _ = try other.readAnswer()
        }
        try client.send(Array(script[place...]))
        return client
    }
}

extension MultiThreadedEventLoopGroup {
    fileprivate var loopCount: Int { makeIterator().reduce(0) { count, _ in count + 1 } }
}
