package import NIOCore

/// How long a connection waits for what.
package struct ConnectionTimes: Sendable {
    /// Between two requests, and for a request's head to come.
    package var idle = TimeAmount.seconds(HTTPLimits.idleSeconds)
    /// From a request's head to the end of its body.
    package var body = TimeAmount.seconds(HTTPLimits.bodySeconds)
    /// For a client to read of an answer that fills the connection.
    package var stall = TimeAmount.seconds(HTTPLimits.stallSeconds)
    /// For a client to close on its side, once it has the last answer. Closed at once, what it sent meanwhile would make
    /// the kernel reset the connection, and the answer be lost.
    package var linger = TimeAmount.seconds(HTTPLimits.lingerSeconds)
    /// Between two signs of life of a stream in which nothing happens.
    package var heartbeat = TimeAmount.seconds(HTTPLimits.heartbeatSeconds)

    package init() {}
}
