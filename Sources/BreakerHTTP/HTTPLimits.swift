import NIOCore
import Platform

/// The limits of the HTTP service.
package enum HTTPLimits {
    /// Bytes of a request's body: enough for a policy, with room to spare.
    package static let body = 65_536
    /// Bytes of a batch of reports: enough for 10 000 reports of 400 bytes.
    package static let reportsBody = 4_194_304
    /// Bytes of the policies of many breakers: enough for 10 000 breakers with every field.
    package static let policiesBody = 4_194_304
    /// Breakers in such a body: as many as may exist unless a setting says otherwise. They are one command, which other
    /// clients' commands wait for.
    package static let policies = 10_000
    /// Faults that the problem of such a body names.
    static let policyFaults = 1_000
    /// Bytes of the body of a request that needs no token: enough for a token's secret, with room to spare.
    static let strangerBody = 4_096
    /// Bytes of the request bodies that one client may have in progress at once, and that all clients together may; and
    /// the same for the answers that wait for their client to read them.
    static let bodiesOfClient = 33_554_432
    static let bodies = 134_217_728
    /// Chunks that any body may have, and the average bytes of a chunk in a body that has more. NIO's decoder has no
    /// bound, and its work for a chunk of one byte is the same as for a longer one.
    static let bodyChunks = 1_024
    static let chunkBytes = 16
    /// Bytes of a request's head.
    package static let headers = 16_384
    package static let headerFields = 100
    /// Parameters of a query: several times as many as any route takes.
    static let parameters = 64
    /// Bytes and header fields of a request's head that the lane decides.
    static let laneBytes = 4_096
    static let laneFields = 32
    /// Seconds before the server accepts a connection whose client has sent nothing. The kernel rounds this.
    package static let firstBytesSeconds: Int64 = 60
    /// Seconds that a connection may be silent between two requests, or within a request's head.
    package static let idleSeconds: Int64 = 60
    /// Seconds from the head of a request to the end of its body, however slowly that drips.
    package static let bodySeconds: Int64 = 30
    /// Seconds that an answer may stay unread in a connection that it fills.
    package static let stallSeconds: Int64 = 60
    /// How long an answer that fills its connection may stay unread before the connection may be closed for another. A
    /// client that reads all the time needs less.
    static let unreadTime = TimeAmount.seconds(2)
    /// Seconds that the client of a stream has to read a whole panel, at whatever pace.
    package static let panelSeconds: Int64 = 60
    /// Seconds that a client has to close its side of a connection that the server has closed.
    package static let lingerSeconds: Int64 = 2
    /// Seconds between two heartbeats of a stream without events: less than the timeouts of proxies.
    package static let heartbeatSeconds: Int64 = 15
    /// The interval between two heartbeats that a stream's client may ask for, in milliseconds.
    package static let heartbeatMs: ClosedRange<Int64> = 500...60_000
    /// Bytes of one read from a connection.
    package static let readBytes = 16_384
    /// Bytes of one write of a long answer.
    static let pieceBytes = 16_384
    /// Bytes of answers that a client without a token may leave unread before the server stops reading its requests.
    static let strangerUnreadBytes = 4_096
    /// The same for a client with a token: NIO's default.
    static let writeMark = ChannelOptions.Types.WriteBufferWaterMark(low: 32_768, high: 65_536)
    /// Bytes that the connection of a stream buffers while its client does not read.
    static let streamMark = ChannelOptions.Types.WriteBufferWaterMark(low: 8_192, high: 16_384)
    /// Streams of one of several clients: enough for one per worker of a large fleet.
    static let streamsOfClient = 2_000
    /// Connections that wait to be accepted: enough for some thousand workers that reconnect together. The kernel caps
    /// it at `net.core.somaxconn`.
    static let backlog = 4_096
    /// Connections that are accepted in one round of the event loop, which also reads once from each connection whose
    /// client has sent something. With NIO's 4, a new connection waits for seconds while thousands of others send a few
    /// bytes each.
    static let acceptsPerRound: UInt = 64
    /// Open connections, where the process may have as many descriptors.
    package static let connections = 10_000
    /// The server does not start if it cannot serve this many connections.
    package static let leastConnections = 512
    /// Descriptors that the server needs besides its connections: 3 standard streams, 5 for the database and its lock,
    /// up to 12 of readers, 8 for a backup, the listening socket, the connections of one round beyond the limit
    /// (``acceptsPerRound``), and short uses such as the tokens file and `/proc`. The constant has some 30 in reserve.
    static let reservedDescriptors = 128
    /// Descriptors for each core: one event loop of the server and one of NIO's own group have an epoll, an event and a
    /// timer each.
    static let reservedDescriptorsPerCore = 6
    /// Characters of an `x-request-id` that the server echoes.
    package static let requestIDLength = 1...128
    package static let pageSize = 1...1_000
    package static let defaultPageSize = 100
    /// The longest history that the server reports, in minutes: the 7 days for which history is kept.
    static let historyMinutes: Int64 = 10_080
    /// The history of each breaker in a list, and its step, in minutes.
    static let listHistoryMinutes: Int64 = 60
    static let listHistoryStep: Int64 = 2
    /// Breakers that get their own series in a scrape, unless a setting says otherwise. A breaker has some 20 series.
    package static let metricsBreakers = 2_000
    /// Values of a JSON document, with the document itself: enough for 10 000 reports of 20 fields.
    package static let jsonValues = 220_000
    /// The depth to which a JSON document may be nested.
    package static let jsonDepth = 16
}

/// The number of connections that this process can hold.
package enum ConnectionLimit {
    package struct TooFewDescriptors: Error, Sendable, CustomStringConvertible {
        package var descriptors: Int
        package var needed: Int

        package var description: String {
            "the process may open \(descriptors) files but needs at least \(needed); raise the limit with ulimit -n"
        }
    }

    /// Raises the limit on open files to its maximum.
    /// - Returns: the number of connections that it leaves room for; see ``connections(descriptors:cores:)``.
    package static func raise() throws(TooFewDescriptors) -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return HTTPLimits.leastConnections }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
        guard getrlimit(resource, &limit) == 0 else { return HTTPLimits.leastConnections }
        return try connections(descriptors: Int(clamping: limit.rlim_cur), cores: System.coreCount)
    }

    /// The number of connections that a process may have if it may open `descriptors` files. The rest of the limit is
    /// enough for everything else that the process opens.
    static func connections(descriptors: Int, cores: Int) throws(TooFewDescriptors) -> Int {
        let reserved = HTTPLimits.reservedDescriptors + HTTPLimits.reservedDescriptorsPerCore * cores
        let needed = HTTPLimits.leastConnections + reserved
        guard descriptors >= needed else { throw TooFewDescriptors(descriptors: descriptors, needed: needed) }
        return min(descriptors - reserved, HTTPLimits.connections)
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
