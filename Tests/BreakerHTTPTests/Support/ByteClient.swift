import Foundation
import NIOCore
import NIOPosix

@testable import BreakerHTTP

/// A client that sends raw bytes and reads the answers. Every call blocks.
///
/// It is used by one thread at a time.
final class ByteClient: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let descriptor: Int32
    private var unread: [UInt8] = []

    /// The time-out of a read or a write, in seconds.
    private static let patience = 60

    /// Runs a script of bytes against the server on `port`.
    static func run<Value: Sendable>(_ port: Int, _ script: @Sendable (ByteClient) throws -> Value) async throws
        -> Value
    {
        try await run { try script(try ByteClient(port: port)) }
    }

    /// Runs blocking code on threads of its own, so that no test takes a thread from the server.
    static func run<Value: Sendable>(_ body: @Sendable () throws -> Value) async throws -> Value {
        try await withTaskExecutorPreference(BlockingThreads.shared) { try body() }
    }

    /// - Parameter receiveBuffer: the bytes that the kernel buffers for the client; `nil` for the default size.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var wait = timeval(tv_sec: Self.patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(description: "connect: errno \(errno)") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { throw Failure(description: "send: errno \(errno)") }
            rest = rest.dropFirst(sent)
        }
    }

    /// Sends as many bytes as the kernel accepts at once.
    /// - Returns: the number of bytes sent; `nil` if none could be sent for a second.
    func sendSome(_ bytes: ArraySlice<UInt8>) throws -> Int? {
        var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&event, 1, 1_000) == 1 else { return nil }
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let sent = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
        guard sent > 0 else { throw Failure(description: "send: errno \(errno)") }
        return sent
    }

    /// Closes the sending side; answers can still be read.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Makes the connection end with a reset when this client is deallocated.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    /// Takes at most `count` bytes from the kernel.
    /// - Returns: the number of bytes taken; 0 at the end.
    func skip(_ count: Int) throws -> Int {
        var bytes = [UInt8](repeating: 0, count: count)
        let taken = recv(descriptor, &bytes, count, 0)
        guard taken >= 0 else { throw Failure(description: "recv: errno \(errno)") }
        return taken
    }

    /// Reads the bytes that have arrived, or waits for the next ones; none at the end.
    func readSome() throws -> [UInt8] {
        if unread.isEmpty { _ = try fill() }
        defer { unread = [] }
        return unread
    }

    /// Reads everything until the server ends the connection.
    func readToEnd() throws -> String {
        while try fill() {}
        defer { unread = [] }
        return String(decoding: unread, as: UTF8.self)
    }

    /// Whether the server has ended the connection with nothing left to read.
    func isAtEnd() throws -> Bool { try unread.isEmpty && !fill() }

    /// Reads the next answer.
    /// - Parameter hasBody: whether a body follows; an answer to a HEAD has none.
    func readAnswer(hasBody: Bool = true) throws -> HTTPAnswer {
        let head = try take(through: Array("\r\n\r\n".utf8))
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces))
        }
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let length = fields.first { $0.0 == "content-length" }.flatMap { Int($0.1) } ?? 0
        var answer = HTTPAnswer(status: status, head: String(decoding: head, as: UTF8.self), fields: fields, body: [])
        if hasBody, status >= 200 { answer.body = try take(length) }
        return answer
    }

    /// Reads the next chunk of a chunked answer; `nil` at its end.
    func readChunk() throws -> String? {
        let head = try take(through: Array("\r\n".utf8))
        guard let length = Int(String(decoding: head.dropLast(2), as: UTF8.self), radix: 16) else {
            throw Failure(description: "no chunk: \(String(decoding: head, as: UTF8.self))")
        }
        let chunk = try take(length + 2).dropLast(2)
        return length > 0 ? String(decoding: chunk, as: UTF8.self) : nil
    }

    private func take(through end: [UInt8]) throws -> [UInt8] {
        while true {
            if let place = unread.indices.first(where: { unread[$0...].starts(with: end) }) {
                return try take(place + end.count)
            }
            guard try fill() else { throw Failure(description: "the connection ended after \(unread)") }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while unread.count < count {
            guard try fill() else { throw Failure(description: "the connection ended within a body") }
        }
        defer { unread.removeFirst(count) }
        return Array(unread.prefix(count))
    }

    /// - Returns: whether any bytes were read; `false` at the end.
    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count >= 0 else { throw Failure(description: "recv: errno \(errno)") }
        unread += chunk.prefix(count)
        return count > 0
    }
}

/// Threads for tasks that block.
private final class BlockingThreads: TaskExecutor {
    static let shared = BlockingThreads()

    private let threads = NIOThreadPool(numberOfThreads: 16)

    private init() { threads.start() }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        threads.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

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
