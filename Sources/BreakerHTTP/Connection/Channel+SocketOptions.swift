import NIOCore

/// Options of sockets that only Linux has. On other systems these methods do nothing.
extension Channel {
    /// Limits the bytes that the kernel takes from the server before the client has read earlier ones. Without a limit,
    /// a client that does not read makes the kernel hold megabytes.
    func limitUnsentBytes(to bytes: Int) {
        #if os(Linux)
            setOption(.tcpOption(.unsentBytes), value: .init(bytes)).whenFailure { _ in }
        #endif
    }

    /// Lets the kernel hand out a connection only when its client has sent something, or about `seconds` later. Clients
    /// that connect and send nothing then cost the server nothing, and delay no other client.
    func acceptAfterFirstBytes(within seconds: Int64) async {
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
