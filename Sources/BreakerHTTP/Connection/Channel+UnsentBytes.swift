import NIOCore

extension Channel {
    /// Limits the bytes that the kernel takes from the server before the client has read earlier ones. Without a limit,
    /// a client that does not read makes the kernel hold megabytes. On systems other than Linux this does nothing.
    func limitUnsentBytes(to bytes: Int) {
        #if os(Linux)
            setOption(.tcpOption(.unsentBytes), value: .init(bytes)).whenFailure { _ in }
        #endif
    }
}

#if os(Linux)
    extension NIOBSDSocket.Option {
        /// The number of unsent bytes that the kernel holds (tcp(7), `TCP_NOTSENT_LOWAT`).
        fileprivate static let unsentBytes = NIOBSDSocket.Option(rawValue: 25)
    }
#endif
