import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import ServiceLifecycle

/// One client's stream of changes. It ends when the client disconnects or falls behind, when its access ends, and when
/// the server stops.
struct EventStream: Sendable {
    let engine: Engine
    let frames: EventFrames
    let form: EventForm
    let filter: EventFilter
    /// The id of the last change that the client knows; `nil` for a client that begins with the panel.
    let after: EventID?
    let access: LastingAccess
    let follower: Follower
    /// The event to send at once; `nil` where there is none, and after it is sent: a stream must not keep the panel
    /// with which it began.
    let first: NIOLockedValueBox<Follower.Event?>
    /// The interval between two heartbeats of a stream without events.
    let heartbeat: TimeAmount
    /// The time that the client has to read a whole panel.
    let panelTime: TimeAmount
    let eventLoop: any EventLoop
    /// The name under which the stream takes turns with other clients at the store.
    let client: String

    /// Counts the stream among those of its client for as long as it exists.
    let slot: StreamSlots.Slot

    /// Bytes that are written together. For a client that does not read, this many wait in addition to those that its
    /// connection buffers: ``HTTPLimits/streamMark``.
    private static let pieceBytes = 16_384
    /// The least bytes of a piece of a resync: fewer wait for the bytes that follow.
    private static let leastPieceBytes = 4_096

    /// Writes the events until the stream ends. Each write waits until the connection accepts it. Meanwhile changes
    /// collect in the engine's feed, which all streams share.
    ///
    /// - Parameter cut: closes the connection at once.
    /// - Throws: where the connection is gone, and `CancellationError` where the task is cancelled within a write.
    func write(to writer: inout some ResponseBodyWriter, cut: @escaping @Sendable () -> Void) async throws {
        var (follower, access) = (follower, access)
        let pulse = follower.pulse
        let beats = eventLoop.scheduleRepeatedTask(initialDelay: heartbeat, delay: heartbeat) { _ in pulse.beat() }
        defer { beats.cancel() }
        try await writer.write(form.opening(at: engine.clock.now(), id: after))
        if let first = takeFirst() { try await write(first, position: follower.position, to: &writer, cut: cut) }
        // Access is checked after each wait: a client whose access has ended must not see what happened meanwhile.
        while let event = try await next(&follower), access.holds(at: engine.clock.now()) {
            try await write(event, position: follower.position, to: &writer, cut: cut)
        }
    }

    private func takeFirst() -> Follower.Event? {
        first.withLockedValue { first in
            defer { first = nil }
            return first
        }
    }

    /// Waits for the next event. A stream that does not get its turn at the store in time waits for another turn.
    private func next(_ follower: inout Follower) async throws -> Follower.Event? {
        while true {
            do {
                return try await ReadTurns.$client.withValue(client) { try await follower.next() }
            } catch let error as EngineError where error.code == .overloaded && !Task.isCancelled {
                continue
            }
        }
    }

    private func write(
        _ event: Follower.Event,
        position: Int64,
        to writer: inout some ResponseBodyWriter,
        cut: @escaping @Sendable () -> Void
    ) async throws {
        switch event {
        case .quiet: try await writer.write(form.heartbeat(at: engine.clock.now(), id: EventID(engine.epoch, position)))
        case .resync(let reason, let image): try await write(image, reason: reason, to: &writer, cut: cut)
        case .changes(let changes):
            var bytes = ByteBuffer()
            for change in changes where filter.admits(change.name) {
                let frame = frames.frame(of: change, in: form)
                // A single frame is written as it is. Several are joined, because each write costs more than the copy.
                if bytes.readableBytes == 0 { bytes = frame } else { bytes.writeImmutableBuffer(frame) }
                guard bytes.readableBytes >= Self.pieceBytes else { continue }
                try await writer.write(bytes)
                bytes = ByteBuffer()
            }
            if bytes.readableBytes > 0 { try await writer.write(bytes) }
        }
    }

    /// Writes the panel piece by piece, as the connection accepts it. Streams share the bytes of a piece. The time for
    /// this is limited: a client that reads a byte now and then could otherwise keep an old panel in memory.
    private func write(
        _ image: PanelImage,
        reason: Follower.ResyncReason,
        to writer: inout some ResponseBodyWriter,
        cut: @escaping @Sendable () -> Void
    ) async throws {
        let deadline = eventLoop.scheduleTask(in: panelTime, cut)
        defer { deadline.cancel() }
        var bytes = form.resyncHead(of: image, in: engine.epoch, reason: reason)
        var isFirst = true
        for piece in image.pieces(prefix: filter.prefix) {
            guard var next = encoded(piece) else { continue }
            // Each breaker is encoded with the comma before it.
            if isFirst { next.moveReaderIndex(forwardBy: 1) }
            isFirst = false
            if bytes.readableBytes < Self.leastPieceBytes {
                bytes.writeImmutableBuffer(next)
            } else {
                try await writer.write(bytes)
                bytes = next
            }
        }
        bytes.writeImmutableBuffer(form.resyncTail)
        try await writer.write(bytes)
    }

    /// - Returns: `nil` where the filter admits no breaker of the piece.
    private func encoded(_ piece: PanelImage.Piece) -> ByteBuffer? {
        let breakers = piece.breakers
        if filter.admitsAll(from: breakers[0].name, to: breakers[breakers.count - 1].name) {
            return piece.encoded(Self.encode)
        }
        let admitted = breakers.filter { filter.admits($0.name) }
        return admitted.isEmpty ? nil : Self.encode(admitted)
    }

    private static func encode(_ breakers: [PanelImage.Entry]) -> ByteBuffer {
        var bytes: [UInt8] = []
        for breaker in breakers {
            bytes.append(UInt8(ascii: ","))
            BreakerSummaryDocument(breaker.summary, of: breaker.name).write(into: &bytes)
        }
        return ByteBuffer(bytes: bytes)
    }
}

/// Selects the breakers whose changes a stream sends.
struct EventFilter: Hashable, Sendable {
    /// The only breaker that is admitted; `nil` where there is no such limit.
    var name: BreakerName?
    /// The names that the token may use.
    var scope = NameScope.all
    /// The prefix that the request asks for.
    var requestedPrefix = ""

    func admits(_ other: BreakerName) -> Bool {
        if let name, other != name { return false }
        return scope.contains(other) && other.value.hasPrefix(requestedPrefix)
    }

    /// A prefix of every admitted name.
    var prefix: String {
        let common = scope.commonPrefix
        return name?.value ?? (common.utf8.count > requestedPrefix.utf8.count ? common : requestedPrefix)
    }

    /// Whether every name from `first` to `last` is certainly admitted.
    func admitsAll(from first: BreakerName, to last: BreakerName) -> Bool {
        name == nil && scope.containsAll(from: first, to: last)
            && NameScope(prefix: requestedPrefix).containsAll(from: first, to: last)
    }
}

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

/// Limits the number of streams, in total and for each client: for each token or, without tokens, for each address.
final class StreamSlots: Sendable {
    /// The slot of one stream. It is given back when it is released.
    final class Slot: Sendable {
        private let slots: StreamSlots
        private let client: String

        fileprivate init(of client: String, _ slots: StreamSlots) {
            self.client = client
            self.slots = slots
        }

        deinit { slots.giveBack(client) }
    }

    private let limit: Int
    private let perClient: Int
    private let gatekeeper: Gatekeeper
    private let counts = NIOLockedValueBox<[String: Int]>([:])

    /// - Parameters:
    ///   - connections: the maximum number of open connections. Streams take at most half of them, so that some always
    ///     remain for workers.
    ///   - perClient: the most streams that one of several clients may have.
    ///   - gatekeeper: knows whether there are several clients.
    init(connections: Int, perClient: Int = HTTPLimits.streamsOfClient, gatekeeper: Gatekeeper) {
        limit = connections / 2
        self.perClient = perClient
        self.gatekeeper = gatekeeper
    }

    /// - Parameter client: the name of the stream's token; on a server without tokens, the client's address.
    /// - Throws: `too_many_streams`.
    func take(for client: String) throws(Problem) -> Slot {
        // If there is one client, it may have all streams.
        let share = gatekeeper.hasOneClient ? limit : min(perClient, max(1, limit / 2))
        let owner = gatekeeper.hasTokens ? "the token \(client)" : "the address \(client)"
        let problem: Problem? = counts.withLockedValue { counts in
            if counts.values.reduce(0, +) >= limit {
                return Problem(
                    .tooManyStreams,
                    "the server has \(limit) streams, the maximum (half of its maximum of connections); retry later"
                )
            }
            if counts[client, default: 0] >= share {
                return Problem(
                    .tooManyStreams,
                    "\(owner) has \(share) streams, its share; close some, or retry later"
                )
            }
            counts[client, default: 0] += 1
            return nil
        }
        if let problem { throw problem }
        return Slot(of: client, self)
    }

    private func giveBack(_ client: String) {
        counts.withLockedValue { counts in
            counts[client, default: 1] -= 1
            if counts[client] == 0 { counts[client] = nil }
        }
    }
}
