import NIOCore
import NIOPosix

@testable import BreakerHTTP

/// Sends bytes in pieces that the server reads one after another.
///
/// Between two pieces, requests on other connections are answered: by then the event loops have turned, and the server
/// has usually read the first piece. This is not certain, because two of the other connections may be on the same loop.
/// With many splits of many scripts, only a few arrive whole.
final class SplitSender {
    private let port: Int
    private let others: [ByteClient]

    init(port: Int) throws {
        self.port = port
        others = try (0..<MultiThreadedEventLoopGroup.singleton.loopCount).map { _ in try ByteClient(port: port) }
    }

    /// - Parameter indices: the offsets at which one piece ends and the next begins, in ascending order.
    /// - Returns: the connection on which everything was sent.
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

    /// Returns when the server has read the bytes sent to it.
    func letServerRead() throws {
        for other in others {
            try other.send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
            _ = try other.readAnswer()
        }
    }
}

extension ConnectionTimes {
    /// For clients that send the rest of their bytes after an answer closed the connection. A busy machine may take this
    /// long to send them; a server that no longer waits resets the connection.
    static let forSlowClients: ConnectionTimes = {
        var times = ConnectionTimes()
        times.linger = .minutes(2)
        return times
    }()
}

extension MultiThreadedEventLoopGroup {
    fileprivate var loopCount: Int { makeIterator().reduce(0) { count, _ in count + 1 } }
}
