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

/// The deadlines of one connection.
final class ConnectionDeadlines {
    let times: ConnectionTimes
    private let connection: OpenConnection
    var idle: Scheduled<Void>?
    var body: Scheduled<Void>?
    var stall: Scheduled<Void>?
    var sending: Scheduled<Void>?
    var linger: Scheduled<Void>?

    init(times: ConnectionTimes, of connection: OpenConnection) {
        self.times = times
        self.connection = connection
    }

    var lastActive: NIODeadline { connection.activeAt }

    /// Notes that a request began or an answer ended. Bytes alone do not count: a head that drips keeps no connection
    /// alive.
    func touch() { connection.touch() }

    func bodyCame() {
        body?.cancel()
        body = nil
    }

    func cancelAll() {
        for deadline in [idle, body, stall, sending, linger] { deadline?.cancel() }
    }
}

extension DecisionLane {
    /// Ends a connection that was silent for too long. One scheduled task checks this until the connection ends. The
    /// task is rescheduled when it has run, not with each request.
    func watchIdleness(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((lane: self, context: context), eventLoop: context.eventLoop)
        deadlines.idle = context.eventLoop.scheduleTask(deadline: deadlines.lastActive + deadlines.times.idle) {
            let (lane, context) = bound.value
            if lane.deadlines.lastActive + lane.deadlines.times.idle <= .now() {
                lane.perform(lane.sequencer.idleTimedOut(), context)
                // A connection that waits for the server is checked again later.
                lane.deadlines.touch()
            }
            if !lane.sequencer.isClosed { lane.watchIdleness(context) }
        }
    }

    /// Bounds how long the rest of a request may take, however slowly it drips.
    func watchBody(_ context: ChannelHandlerContext) {
        guard deadlines.body == nil else { return }
        let bound = NIOLoopBound((lane: self, context: context), eventLoop: context.eventLoop)
        deadlines.body = context.eventLoop.scheduleTask(in: deadlines.times.body) {
            let (lane, context) = bound.value
            lane.deadlines.body = nil
            lane.perform(lane.sequencer.bodyTimedOut(), context)
            lane.settle(context)
        }
    }

    /// Cuts a connection whose client does not read its answer: it holds memory, and nothing else would end it.
    func watchStall(_ context: ChannelHandlerContext, isWritable: Bool) {
        deadlines.stall?.cancel()
        deadlines.stall = nil
        guard !isWritable else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadlines.stall = context.eventLoop.scheduleTask(in: deadlines.times.stall) { bound.value.cut() }
    }
}
