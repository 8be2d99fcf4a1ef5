import BreakerCore
import BreakerEngine
import Hummingbird
import NIOCore

/// One client's stream of changes: an answer that ends when the client goes, falls behind, or the server stops.
struct EventStream: Sendable {
    let engine: Engine
    let frames: EventFrames
    let form: EventForm
    let filter: EventFilter
    /// The last change that the client knows; `nil` for one that begins with the panel.
    let after: Int64?
    /// How often a stream in which nothing happens says that it lives.
    let heartbeat: TimeAmount
    let eventLoop: any EventLoop

    /// Writes what happens for as long as there is someone to write to. Each write waits until the connection takes it;
    /// what happens meanwhile gathers in the engine's feed, which all streams share.
    ///
    /// - Throws: where the connection is gone, and `CancellationError` where the task is cancelled within a write.
    func write(to writer: inout some ResponseBodyWriter) async throws {
        var follower = engine.follow(behind: after)
        let pulse = follower.pulse
        let beats = eventLoop.scheduleRepeatedTask(initialDelay: heartbeat, delay: heartbeat) { _ in pulse.beat() }
        defer { beats.cancel() }
        let opening = form.opening(isResumed: after != nil, at: engine.clock.now(), position: after)
        if opening.readableBytes > 0 { try await writer.write(opening) }
        while let event = try await follower.next() {
            let bytes = bytes(of: event, position: follower.position)
            if bytes.readableBytes > 0 { try await writer.write(bytes) }
        }
    }

    private func bytes(of event: Follower.Event, position: Int64?) -> ByteBuffer {
        switch event {
        case .quiet: return form.heartbeat(at: engine.clock.now(), position: position)
        case .resync(let reason, let image): return frames.frame(of: image, reason: reason, filter, in: form)
        case .changes(let changes):
            var rest = changes.filter { filter.admits($0.name) }[...]
            guard let first = rest.popFirst() else { return ByteBuffer() }
            // One alone is written as it is, where it is; several are put together, for each write costs more than that.
            var bytes = frames.frame(of: first, in: form)
            for change in rest { bytes.writeImmutableBuffer(frames.frame(of: change, in: form)) }
            return bytes
        }
    }
}
