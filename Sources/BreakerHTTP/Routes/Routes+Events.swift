import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes
import NIOConcurrencyHelpers
import NIOCore

extension Routes {
    /// The route for streams of changes.
    ///
    /// - Parameters:
    ///   - gatekeeper: decides how long a client may see a stream.
    ///   - slots: limits the number of streams.
    ///   - times: has the interval between the heartbeats of a quiet stream, unless its client asks for another, and
    ///     the time for a client to read a panel.
    ///   - eventLoops: schedule both.
    static func events(
        _ engine: Engine,
        gatekeeper: Gatekeeper,
        slots: StreamSlots,
        times: ConnectionTimes,
        eventLoops: any EventLoopGroup
    ) -> [Route] {
        let frames = EventFrames(epoch: engine.epoch)
        return [
            Route(sending: .get, Paths.events, .follow) { context in
                let form = EventForm(accept: context.fields[.accept])
                let access = try LastingAccess(
                    gatekeeper,
                    context.fields,
                    certificate: context.certificate,
                    at: engine.clock.now()
                )
                let filter = try context.eventFilter(access.access)
                let after = try context.lastEvent()
                let heartbeat = try context.heartbeat() ?? times.heartbeat
                let slot = try slots.take(for: ReadTurns.client)
                let (follower, first) = try await engine.follow(after: after?.revision, of: after?.epoch)
                // A stream that begins with a resync ignores the client's position, which may be of another history.
                let position = if case .resync = first { nil as EventID? } else { after }
                let stream = EventStream(
                    engine: engine,
                    frames: frames,
                    form: form,
                    filter: filter,
                    after: position.map { EventID(engine.epoch, $0.revision) },
                    access: access,
                    follower: follower,
                    first: NIOLockedValueBox(first),
                    heartbeat: heartbeat,
                    panelTime: times.panel,
                    eventLoop: eventLoops.next(),
                    client: ReadTurns.client,
                    slot: slot
                )
                let fields: HTTPFields = [
                    .contentType: form.contentType,
                    .cacheControl: "no-store",
                    // A proxy that collects an answer before it passes it on would hold a stream for ever.
                    .accelBuffering: "no",
                    // No answer follows a stream, and a client of HTTP/1.0 recognizes its end by the end of the
                    // connection.
                    .connection: "close",
                ]
                return .stream(stream, fields: fields)
            }
        ]
    }
}

extension RequestContext {
    fileprivate func eventFilter(_ access: Access) throws(Problem) -> EventFilter {
        var filter = EventFilter(scope: access.scope, requestedPrefix: query["prefix"] ?? "")
        if let text = query["name"] {
            guard let name = BreakerName(text) else { throw .invalid("name", "is not a valid breaker name") }
            try access.require(name)
            filter.name = name
        }
        return filter
    }

    /// The interval between heartbeats that the client asks for; `nil` where it asks for none.
    fileprivate func heartbeat() throws(Problem) -> TimeAmount? {
        let range = HTTPLimits.heartbeatMs
        guard let text = query["heartbeat_ms"] else { return nil }
        guard let value = Int64(text), range.contains(value) else {
            throw .invalid("heartbeat_ms", "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return .milliseconds(value)
    }

    /// The last change that the client knows. The header has priority over the query: an `EventSource` that reconnects
    /// sends the header with its original address. An empty value counts as absent.
    fileprivate func lastEvent() throws(Problem) -> EventID? {
        let header = fields[.lastEventID].flatMap { $0.isEmpty ? nil : $0 }
        guard let text = header ?? query["after"], !text.isEmpty else { return nil }
        guard let id = EventID(text) else {
            throw .invalid(
                header == nil ? "after" : "last-event-id",
                "must be an event id or a revision: a whole number, 0 for all stored changes"
            )
        }
        return id
    }
}

extension HTTPField.Name {
    static let lastEventID = Self("last-event-id")!
    static let accelBuffering = Self("x-accel-buffering")!
}
