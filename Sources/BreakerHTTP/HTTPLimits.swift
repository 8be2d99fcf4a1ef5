import NIOCore

/// The bounds of what a client may send.
package enum HTTPLimits {
    /// Bytes of a request's body: a policy with room to spare.
    package static let body = 65_536
    /// Bytes of a batch of reports: 10 000 of 400 bytes.
    package static let reportsBody = 4_194_304
    /// Bytes of the body of a request that needs no token: a token's secret with room to spare.
    static let strangerBody = 4_096
    /// Bytes of the bodies that a client has under way at once, and all clients together.
    static let bodiesOfClient = 33_554_432
    static let bodies = 134_217_728
    /// Bytes of a request's head.
    package static let headers = 16_384
    package static let headerFields = 100
    /// How many parameters a query has: several times as many as any route takes.
    static let parameters = 64
    /// Bytes of a request's head, and how many fields it has, where the lane decides it.
    static let laneBytes = 4_096
    static let laneFields = 32
    /// Seconds that a connection may be silent between two requests, or within a request's head.
    package static let idleSeconds: Int64 = 60
    /// Seconds from the head of a request to the end of its body, however slowly that drips.
    package static let bodySeconds: Int64 = 30
    /// Seconds that an answer may lie unread in a connection that it fills.
    package static let stallSeconds: Int64 = 60
    /// Seconds that a client has to close a connection that the server has closed.
    package static let lingerSeconds: Int64 = 2
    /// Seconds between two signs of life of a stream in which nothing happens: less than proxies wait for.
    package static let heartbeatSeconds: Int64 = 15
    /// Milliseconds between two signs of life that a stream's client may ask for.
    package static let heartbeatMs: ClosedRange<Int64> = 500...60_000
    /// Bytes that are read from a connection at once.
    package static let readBytes = 16_384
    /// Bytes of a long answer that are written at once.
    static let pieceBytes = 16_384
    /// Bytes of answers that a client without a token may leave unread before the server takes no more of its requests.
    static let strangerUnreadBytes = 4_096
    /// The same for a client with a token: as NIO has it.
    static let writeMark = ChannelOptions.Types.WriteBufferWaterMark(low: 32_768, high: 65_536)
    /// Bytes that a stream's connection takes before its client reads.
    static let streamMark = ChannelOptions.Types.WriteBufferWaterMark(low: 8_192, high: 16_384)
    /// Streams of one token: one for each worker of a large fleet.
    static let streamsOfToken = 2_000
    /// Connections that wait to be accepted: those of some thousand workers that reconnect together. The kernel caps it at
    /// `net.core.somaxconn`.
    static let backlog = 4_096
    /// Connections at once, where the process may have as many descriptors.
    package static let connections = 10_000
    /// A server that could not serve this many does not start.
    package static let leastConnections = 512
    /// Descriptors that the server needs beside its connections: 3 standard streams, 5 for the database and its lock, up to
    /// 12 of readers, 8 for a backup, the listening socket, 4 connections that are accepted at once beyond the bound, and
    /// short uses such as the tokens file and `/proc`; with as much again to spare.
    static let reservedDescriptors = 64
    /// Descriptors for each core: of an event loop of the server's and one of NIO's own group, an epoll, an event and a
    /// timer each.
    static let reservedDescriptorsPerCore = 6
    /// Characters of an `x-request-id` that is echoed.
    package static let requestIDLength = 1...128
    package static let pageSize = 1...1_000
    package static let defaultPageSize = 100
    /// The longest time that a history is told of, in minutes: what is kept, 7 days.
    static let historyMinutes: Int64 = 10_080
    /// The history that a list tells of each breaker: an hour, in steps of so many minutes.
    static let listHistoryMinutes: Int64 = 60
    static let listHistoryStep: Int64 = 2
    /// Breakers that get series of their own at a scrape, unless a setting says otherwise: some 20 series each.
    package static let metricsBreakers = 2_000
    /// How many values a JSON document may have, itself and those within it: 10 000 reports of 20 fields.
    package static let jsonValues = 220_000
    /// How deep a JSON document may be nested.
    package static let jsonDepth = 16
}
