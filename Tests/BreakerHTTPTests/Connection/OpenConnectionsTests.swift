import BreakerEngine
import Foundation
import InMemoryLogging
import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import BreakerHTTP

@Suite("The bound on open connections")
struct OpenConnectionsTests {
    private static let eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private static let live = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"

    private static func acquire(_ secret: String) -> String {
        "POST /v1/breakers/a/acquire HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(secret)\r\n\r\n"
    }

    /// Connects a client whose last request is answered.
    private static func client(_ port: Int, _ request: String = live) throws -> ByteClient {
        let client = try ByteClient(port: port)
        try client.send(request)
        #expect(try client.readAnswer().status == 200)
        return client
    }

    @Test("A worker can connect while idle connections without a token take all places", .timeLimit(.minutes(2)))
    func strangers() async throws {
        let (token, secret) = Token.make(name: "worker", role: .worker, prefix: "")
        var times = ConnectionTimes()
        // With this idle time-out no connection ends by itself within the test.
        times.idle = .hours(1)
        // More connections than one round accepts: the connections of a round begin in any order.
        try await TestServer.with(tokens: [token], times: times, connections: 100) { server in
            try await ByteClient.run {
                let idle = try (0..<300).map { _ in try ByteClient(port: server.port) }
                let worker = try Self.client(server.port, Self.acquire(secret))
                try worker.send(Self.acquire(secret))
                #expect(try worker.readAnswer().status == 200)
                withExtendedLifetime(idle) {}
            }
        }
    }

    @Test(
        "The longest idle connection without a token is closed first, and one with a token stays",
        .timeLimit(.minutes(2))
    )
    func order() async throws {
        let (token, secret) = Token.make(name: "worker", role: .worker, prefix: "")
        try await TestServer.with(tokens: [token], connections: 4) { server in
            try await ByteClient.run {
                let worker = try Self.client(server.port, Self.acquire(secret))
                var strangers = [try Self.client(server.port), try Self.client(server.port)]
                // From here on the first connection has been idle for less time than the second.
                try strangers[0].send(Self.live)
                #expect(try strangers[0].readAnswer().status == 200)
                strangers.append(try Self.client(server.port))
                #expect(try strangers[1].isAtEnd())
                strangers.append(try Self.client(server.port))
                #expect(try strangers[0].isAtEnd())
                for (client, request) in [(worker, Self.acquire(secret)), (strangers[3], Self.live)] {
                    try client.send(request)
                    #expect(try client.readAnswer().status == 200)
                }
            }
        }
    }

    @Test(
        "If all connections have shown a token to the lane or the router, the longest idle one is closed",
        .timeLimit(.minutes(2))
    )
    func authenticated() async throws {
        let (token, secret) = Token.make(name: "operator", role: .operator, prefix: "")
        let list = "GET /v1/breakers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(secret)\r\n\r\n"
        try await TestServer.with(tokens: [token], connections: 3) { server in
            try await ByteClient.run {
                let first = try Self.client(server.port, list)
                let second = try Self.client(server.port, Self.acquire(secret))
                let third = try Self.client(server.port, list)
                #expect(try first.isAtEnd())
                // The next connection has no token, and is closed for the one after it.
                let fourth = try Self.client(server.port)
                #expect(try second.isAtEnd())
                let fifth = try Self.client(server.port, list)
                #expect(try fourth.isAtEnd())
                for client in [third, fifth] {
                    try client.send(list)
                    #expect(try client.readAnswer().status == 200)
                }
            }
        }
    }

    @Test(
        "Without tokens the longest idle connection is closed, and one that waits for an answer stays",
        .timeLimit(.minutes(2)),
        arguments: ["POST /v1/breakers/a/report?outcome=failure", "GET /v1/breakers/a"]
    )
    func noTokens(line: String) async throws {
        // A single event loop reads the clients' requests in the order in which they are sent.
        try await TestServer.with(connections: 4, eventLoops: Self.eventLoop) { server in
            _ = try await server.acquire("a")
            try await server.engine.whileWriterStands { standstill in
                try await ByteClient.run {
                    let first = try Self.client(server.port)
                    let waiting = try ByteClient(port: server.port)
                    try waiting.send("\(line) HTTP/1.1\r\nhost: x\r\n\r\n")
                    let second = try Self.client(server.port)
                    let third = try Self.client(server.port)
                    #expect(try first.isAtEnd())
                    let fourth = try Self.client(server.port)
                    #expect(try second.isAtEnd())
                    standstill.end()
                    #expect(try waiting.readAnswer().status == 200)
                    for client in [third, fourth] {
                        try client.send(Self.live)
                        #expect(try client.readAnswer().status == 200)
                    }
                }
            }
        }
    }

    #if os(Linux)
        @Test("A connection whose client has sent nothing is not accepted", .timeLimit(.minutes(2)))
        func silence() async throws {
            // Longer than any machine needs for this test.
            try await TestServer.with(firstBytesSeconds: 3_600) { server in
                let silent = try await ByteClient.run { try (0..<5).map { _ in try ByteClient(port: server.port) } }
                #expect(try await server.metrics()["fusebox_http_connections"] == 1)
                try await ByteClient.run {
                    try silent[0].send(Self.live)
                    #expect(try silent[0].readAnswer().status == 200)
                }
                #expect(try await server.metrics()["fusebox_http_connections"] == 2)
            }
        }
    #endif

    @Test("A token that leaves its answers unread keeps no other token from connecting", .timeLimit(.minutes(2)))
    func unreadAnswers() async throws {
        let tokens = ["greedy", "modest"].map { Token.make(name: $0, role: .worker, prefix: "") }
        var times = ConnectionTimes()
        // With this time-out no connection ends by itself within the test.
        times.stall = .hours(1)
        try await TestServer.with(tokens: tokens.map(\.token), times: times, connections: 6) { server in
            try await ByteClient.run {
                let document = "GET /openapi.yaml HTTP/1.1\r\nhost: x\r\n\r\n"
                let greedy = try (0..<6).map { _ in
                    let client = try ByteClient(port: server.port, receiveBuffer: 4_096)
                    try client.send(Self.acquire(tokens[0].secret))
                    #expect(try client.readAnswer().status == 200)
                    try client.send(String(repeating: document, count: 40))
                    return client
                }
                for _ in 1...3 { _ = try Self.client(server.port, Self.acquire(tokens[1].secret)) }
                withExtendedLifetime(greedy) {}
            }
        }
    }

    @Test("A token with many unfinished requests keeps no other token from connecting", .timeLimit(.minutes(2)))
    func unfinished() async throws {
        let tokens = ["greedy", "modest"].map { Token.make(name: $0, role: .worker, prefix: "") }
        try await TestServer.with(tokens: tokens.map(\.token), connections: 100) { server in
            try await ByteClient.run {
                let head = "POST /v1/reports HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(tokens[0].secret)\r\n"
                func open() throws -> [ByteClient] {
                    try (0..<200).map { _ in
                        let client = try ByteClient(port: server.port)
                        try client.send(head + "content-length: 100\r\n\r\n{")
                        return client
                    }
                }
                let before = try open()
                let modest = try Self.client(server.port, Self.acquire(tokens[1].secret))
                let after = try open()
                let other = try Self.client(server.port, Self.acquire(tokens[1].secret))
                for client in [modest, other] {
                    try client.send(Self.acquire(tokens[1].secret))
                    #expect(try client.readAnswer().status == 200)
                }
                withExtendedLifetime((before, after)) {}
            }
        }
    }

    @Test(
        "A connection whose token was removed or has a new secret is closed before a longer idle one of a known token",
        .timeLimit(.minutes(2)),
        arguments: [("POST /v1/breakers/a/acquire", false), ("GET /v1/breakers", false), ("GET /v1/breakers", true)]
    )
    func removedToken(line: String, isReplaced: Bool) async throws {
        let tokens = ["removed", "kept"].map { Token.make(name: $0, role: .operator, prefix: "") }
        let next = isReplaced ? [Token.make(name: "removed", role: .operator, prefix: "").token] : []
        let requests = tokens.map { _, secret in
            "\(line) HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(secret)\r\n\r\n"
        }
        try await TestServer.with(tokens: tokens.map(\.token), connections: 4) { server in
            try await ByteClient.run {
                let kept = try Self.client(server.port, requests[1])
                let removed = try Self.client(server.port, requests[0])
                server.gatekeeper.replace(tokens: [tokens[1].token] + next)
                try removed.send(requests[0])
                #expect(try removed.readAnswer().status == 401)
                let others = [try Self.client(server.port, requests[1]), try Self.client(server.port, requests[1])]
                #expect(try removed.isAtEnd())
                for client in [kept] + others {
                    try client.send(requests[1])
                    #expect(try client.readAnswer().status == 200)
                }
            }
        }
    }

    @Test(
        "A client whose token was removed is known again once it shows another token",
        .timeLimit(.minutes(2)),
        arguments: ["POST /v1/breakers/a/acquire", "GET /v1/breakers"]
    )
    func otherToken(line: String) async throws {
        let tokens = ["removed", "kept"].map { Token.make(name: $0, role: .operator, prefix: "") }
        let requests = tokens.map { _, secret in
            "\(line) HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(secret)\r\n\r\n"
        }
        try await TestServer.with(tokens: tokens.map(\.token), connections: 4) { server in
            try await ByteClient.run {
                let client = try Self.client(server.port, requests[0])
                server.gatekeeper.replace(tokens: [tokens[1].token])
                try client.send(requests[1])
                #expect(try client.readAnswer().status == 200)
                let strangers = [try Self.client(server.port), try Self.client(server.port)]
                let another = try Self.client(server.port)
                #expect(try strangers[0].isAtEnd())
                try client.send(requests[1])
                #expect(try client.readAnswer().status == 200)
                withExtendedLifetime((strangers, another)) {}
            }
        }
    }

    @Test("A token that is removed while its request is answered does not make the connection a known one")
    func removedDuringRequest() throws {
        let (token, secret) = Token.make(name: "worker", role: .worker, prefix: "")
        let gatekeeper = Gatekeeper(tokens: [token])
        let connections = OpenConnections(
            limit: 3,
            gatekeeper: gatekeeper,
            eventLoop: EmbeddedEventLoop(),
            logger: Logger(label: "test")
        )
        let channels = [EmbeddedChannel(), EmbeddedChannel()]
        let access = try gatekeeper.access(authorization: "Bearer \(secret)")
        for (channel, isRemoved) in zip(channels, [false, true]) {
            let connection = connections.add(channel)
            if isRemoved { gatekeeper.replace(tokens: []) }
            connections.authenticate(channel, as: .server, by: access)
            #expect(connection.isStranger == isRemoved)
            _ = try channel.finish()
        }
    }

    @Test("An idle connection without a token is closed after a second while all clients with tokens wait for answers")
    func allWait() throws {
        let (token, secret) = Token.make(name: "worker", role: .worker, prefix: "")
        let gatekeeper = Gatekeeper(tokens: [token])
        let access = try gatekeeper.access(authorization: "Bearer \(secret)")
        let handler = InMemoryLogHandler()
        let eventLoop = EmbeddedEventLoop()
        // With this limit the two newest connections of strangers stay at first.
        let connections = OpenConnections(
            limit: 16,
            gatekeeper: gatekeeper,
            eventLoop: eventLoop,
            logger: Logger(label: "test") { _ in handler }
        )
        func closed() -> [String] { handler.entries.map { "\($0.metadata["closed"] ?? "")" } }

        let channels = (0..<16).map { _ in EmbeddedChannel() }
        for (number, channel) in channels.enumerated() {
            let connection = connections.add(channel)
            guard number < 14 else { continue }
            connections.authenticate(channel, as: .server, by: access)
            connection.isServed = true
        }
        #expect(closed() == ["0"])
        eventLoop.advanceTime(by: .seconds(60))
        #expect(closed() == ["0", "1"])
        for channel in channels { _ = try channel.finish() }
    }

    @Test("The log has a line when a connection is closed to make room, and after that at most one a minute")
    func log() throws {
        let handler = InMemoryLogHandler()
        let eventLoop = EmbeddedEventLoop()
        let connections = OpenConnections(
            limit: 3,
            gatekeeper: Gatekeeper(tokens: nil),
            eventLoop: eventLoop,
            logger: Logger(label: "test") { _ in handler }
        )
        var channels: [EmbeddedChannel] = []
        func connect(_ count: Int) {
            for _ in 0..<count {
                let channel = EmbeddedChannel()
                channels.append(channel)
                _ = connections.add(channel)
            }
        }
        func closed() -> [String] { handler.entries.map { "\($0.metadata["closed"] ?? "")" } }

        // One place stays free for the next client.
        connect(2)
        #expect(closed() == [])
        connect(3)
        #expect(closed() == ["1"])
        eventLoop.advanceTime(by: .seconds(59))
        connect(4)
        #expect(closed() == ["1"])
        eventLoop.advanceTime(by: .seconds(1))
        #expect(closed() == ["1", "6"])
        connect(1)
        eventLoop.advanceTime(by: .seconds(59))
        #expect(closed() == ["1", "6"])
        eventLoop.advanceTime(by: .seconds(1))
        #expect(closed() == ["1", "6", "1"])
        eventLoop.advanceTime(by: .seconds(60))
        #expect(closed() == ["1", "6", "1"])
        connect(1)
        #expect(closed() == ["1", "6", "1", "1"])
        eventLoop.advanceTime(by: .seconds(60))
        #expect(closed() == ["1", "6", "1", "1"])
        for channel in channels { _ = try channel.finish() }
    }

    @Test("At the listening socket 4 096 connections may wait, or as many as the kernel allows")
    func backlog() async throws {
        try await TestServer.with { server in
            let setting = try String(contentsOfFile: "/proc/sys/net/core/somaxconn", encoding: .utf8)
            let maximum = try #require(Int(setting.filter(\.isNumber)))
            #expect(try Self.backlog(ofPort: server.port) == min(4_096, maximum))
        }
    }

    @Test("The listening socket accepts 64 connections in one round of its event loop")
    func burst() async throws {
        let listener = try await ServerBootstrap(group: Self.eventLoop).bind(host: "127.0.0.1", port: 0).get()
        await listener.acceptInBursts(afterFirstBytesWithin: 0)
        #expect(try await listener.getOption(.maxMessagesPerRead).get() == 64)
        try await listener.close()
    }

    /// The number of connections that may wait at this process's listening socket.
    private static func backlog(ofPort port: Int) throws -> Int? {
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            guard let descriptor = Int32(name) else { continue }
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            }
            guard result == 0, Int32(address.sin_family) == AF_INET, Int(UInt16(bigEndian: address.sin_port)) == port
            else { continue }
            // `struct tcp_info` begins with the state, in one byte. A listening socket has its backlog in
            // `tcpi_sacked`, at offset 28.
            var info = [UInt8](repeating: 0, count: 32)
            var size = socklen_t(info.count)
            guard getsockopt(descriptor, Int32(IPPROTO_TCP), 11, &info, &size) == 0, info[0] == 10 else { continue }
            return info.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: 28, as: UInt32.self)) }
        }
        return nil
    }

    @Test("Some file descriptors are set aside, and more of them on a machine with more cores")
    func descriptors() throws {
        #expect(try ConnectionLimit.connections(descriptors: 652, cores: 2) == 512)
        #expect(try ConnectionLimit.connections(descriptors: 1_024, cores: 2) == 884)
        #expect(try ConnectionLimit.connections(descriptors: 1_024, cores: 64) == 512)
        #expect(try ConnectionLimit.connections(descriptors: 10_140, cores: 2) == 10_000)
        #expect(try ConnectionLimit.connections(descriptors: 1_048_576, cores: 2) == 10_000)
        #expect(throws: ConnectionLimit.TooFewDescriptors.self) {
            try ConnectionLimit.connections(descriptors: 651, cores: 2)
        }
    }
}
