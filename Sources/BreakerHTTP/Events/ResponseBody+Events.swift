import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

extension ResponseBody {
    /// A body without a length, for as long as the client stays and the server runs.
    ///
    /// A stream that waits for something to happen is ended whole. One whose client does not read is broken off: nothing
    /// can be added to what it has not taken.
    ///
    /// - Parameter channel: the client's connection.
    init(_ stream: EventStream, on channel: any Channel) {
        self.init { writer in
            let (end, ender) = AsyncStream.makeStream(of: Void.self)
            channel.whenClientGoes { ender.finish() }
            channel.setOption(.writeBufferWaterMark, value: HTTPLimits.streamMark).whenFailure { _ in }
            let outlet = Outlet(writer: writer)
            try await withGracefulShutdownHandler {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        var writer = outlet
                        try await stream.write(to: &writer)
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

/// Hummingbird's writer, for the one task that writes.
///
/// Unchecked, for the protocol does not say that it may go to another task; it is not used by two at a time.
private struct Outlet: ResponseBodyWriter, @unchecked Sendable {
    var writer: any ResponseBodyWriter

    mutating func write(_ buffer: ByteBuffer) async throws { try await writer.write(buffer) }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { try await writer.finish(trailingHeaders) }
}
