import NIOCore

/// Options of sockets. Some exist only on Linux, and have no effect on other systems.
extension Channel {
    /// Limits the bytes that the kernel takes from the server before the client has read earlier ones. Without a limit,
    /// a client that does not read makes the kernel hold megabytes.
    func limitUnsentBytes(to bytes: Int) {
        #if os(Linux)
            setOption(.tcpOption(.unsentBytes), value: .init(bytes)).whenFailure { _ in }
        #endif
    }

    /// Lets this listening socket accept many connections at once, and the kernel hand out a connection only when its
    /// client has sent something, or about `seconds` later. Clients that connect and send nothing then cost the server
    /// nothing, and delay no other client.
    func acceptInBursts(afterFirstBytesWithin seconds: Int64) async {
        try? await setOption(.maxMessagesPerRead, value: HTTPLimits.acceptsPerRound).get()
        #if os(Linux)
            try? await setOption(.tcpOption(.deferAccept), value: .init(seconds)).get()
        #endif
    }
}

#if os(Linux)
    extension NIOBSDSocket.Option {
        /// The number of unsent bytes that the kernel holds (tcp(7), `TCP_NOTSENT_LOWAT`).
        fileprivate static let unsentBytes = NIOBSDSocket.Option(rawValue: 25)
        /// The seconds for which a connection without data is not handed out (tcp(7), `TCP_DEFER_ACCEPT`).
        fileprivate static let deferAccept = NIOBSDSocket.Option(rawValue: 9)
    }
#endif
