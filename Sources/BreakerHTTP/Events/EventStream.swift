import BreakerCore
import BreakerEngine
import Hummingbird
import NIOCore

/// One client's stream of changes: an answer that ends when the client goes or falls behind, when what it showed is good
/// no longer, and when the server stops.
struct EventStream: Sendable {
    let engine: Engine
    let frames: EventFrames
    let form: EventForm
    let filter: EventFilter
    /// The id of the last change that the client knows; `nil` for one that begins with the panel.
    let after: EventID?
    let access: LastingAccess
    let follower: Follower
    /// What the client is told at once; `nil` where nothing may follow for a while.
    let first: Follower.Event?
    /// How often a stream in which nothing happens says that it lives.
    let heartbeat: TimeAmount
    let eventLoop: any EventLoop

    /// Bytes of changes that are written together, and by which the whole panel is: as much as a client that does not read
    /// has waiting for it, beside what its connection takes.
    private static let pieceBytes = 32_768

    /// Writes what happens for as long as there is someone to write to. Each write waits until the connection takes it;
    /// what happens meanwhile gathers in the engine's feed, which all streams share.
    ///
    /// - Throws: where the connection is gone, and `CancellationError` where the task is cancelled within a write.
    func write(to writer: inout some ResponseBodyWriter) async throws {
        var (follower, access) = (follower, access)
        let pulse = follower.pulse
        let beats = eventLoop.scheduleRepeatedTask(initialDelay: heartbeat, delay: heartbeat) { _ in pulse.beat() }
        defer { beats.cancel() }
        try await writer.write(form.opening(at: engine.clock.now(), id: after))
        if let first { try await write(first, position: follower.position, to: &writer) }
        // Asked behind each wait: what happened meanwhile is for those alone who may see it still.
        while let event = try await follower.next(), access.holds(at: engine.clock.now()) {
            try await write(event, position: follower.position, to: &writer)
        }
    }

    private func write(
        _ event: Follower.Event,
        position: Int64,
        to writer: inout some ResponseBodyWriter
    ) async throws {
        switch event {
        case .quiet: try await writer.write(form.heartbeat(at: engine.clock.now(), id: EventID(engine.epoch, position)))
        case .resync(let reason, let image):
            var frame = frames.frame(of: image, reason: reason, filter, in: form)
            while let piece = frame.readSlice(length: min(Self.pieceBytes, frame.readableBytes)),
                piece.readableBytes > 0
            {
                try await writer.write(piece)
            }
        case .changes(let changes):
            var bytes = ByteBuffer()
            for change in changes where filter.admits(change.name) {
                let frame = frames.frame(of: change, in: form)
                // One alone is written as it is; several are put together, for each write costs more than that.
                if bytes.readableBytes == 0 { bytes = frame } else { bytes.writeImmutableBuffer(frame) }
                guard bytes.readableBytes >= Self.pieceBytes else { continue }
                try await writer.write(bytes)
                bytes = ByteBuffer()
            }
            if bytes.readableBytes > 0 { try await writer.write(bytes) }
        }
    }
}
