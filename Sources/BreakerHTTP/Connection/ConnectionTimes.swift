package import NIOCore

/// The time limits of a connection.
package struct ConnectionTimes: Sendable {
    /// Between two requests, and for the head of a request to arrive.
    package var idle = TimeAmount.seconds(HTTPLimits.idleSeconds)
    /// From a request's head to the end of its body.
    package var body = TimeAmount.seconds(HTTPLimits.bodySeconds)
    /// For a client to read from an answer that fills the connection.
    package var stall = TimeAmount.seconds(HTTPLimits.stallSeconds)
    /// For the client of a stream to read a whole panel.
    package var panel = TimeAmount.seconds(HTTPLimits.panelSeconds)
    /// For a client to close its side once it has the last answer. If the server closed at once, bytes that the client
    /// sent meanwhile would make the kernel reset the connection, and the answer would be lost.
    package var linger = TimeAmount.seconds(HTTPLimits.lingerSeconds)
    /// Between two heartbeats of a stream without events.
    package var heartbeat = TimeAmount.seconds(HTTPLimits.heartbeatSeconds)

    package init() {}
}
