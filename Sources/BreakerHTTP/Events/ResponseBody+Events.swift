import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

extension ResponseBody {
    /// A body without a length that lasts while the client stays and the server runs.
    ///
    /// A stream that waits for an event ends with a complete body. A stream whose client does not read, or reads the
    /// panel too slowly, is cut off, because nothing can be added to the bytes that the client has not read.
    ///
    /// - Parameter channel: the client's connection.
    init(_ stream: EventStream, on channel: any Channel) {
        self.init { writer in
            let (end, ender) = AsyncStream.makeStream(of: Void.self)
            channel.whenClientGoes { ender.finish() }
            channel.setOption(.writeBufferWaterMark, value: HTTPLimits.streamMark).whenFailure { _ in }
            channel.limitUnsentBytes(to: HTTPLimits.streamMark.high)
            let bodyWriter = EventBodyWriter(writer: writer)
            try await withGracefulShutdownHandler {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        var writer = bodyWriter
                        try await stream.write(to: &writer) {
                            channel.pipeline.fireUserInboundEventTriggered(PanelUnread())
                        }
                    }
                    group.addTask { for await _ in end {} }
                    try await group.next()
                    group.cancelAll()
                    try await group.waitForAll()
                }
            } onGracefulShutdown: {
                ender.finish()
            }
            try await writer.finish(nil)
        }
    }
}

/// The event that cuts the connection of a client that has not read a panel in time.
struct PanelUnread: Sendable {}

/// Hummingbird's writer, for the task that writes the stream.
///
/// Unchecked, because the protocol does not state that a writer may move to another task. No two tasks use it at a
/// time.
private struct EventBodyWriter: ResponseBodyWriter, @unchecked Sendable {
    var writer: any ResponseBodyWriter

    mutating func write(_ buffer: ByteBuffer) async throws { try await writer.write(buffer) }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { try await writer.finish(trailingHeaders) }
}
