import BreakerAPI
import BreakerCore
import Foundation
import NIOCore
import NIOFoundationCompat

/// Reads the stream of changes into the panel, over any number of connections in turn. Used by one task.
struct StreamReader {
    /// The position from which the server can continue the stream; `nil` if it has to begin with the whole panel.
    var position: StreamPosition? { startsOver ? nil : last }
    /// The last change that is in the panel; `nil` if there is none.
    private var last: StreamPosition?
    private var startsOver = false
    private let panel: LocalPanel
    private var times: ServerTimes?
    /// The clock offset with which the panel's instants were computed, in nanoseconds.
    private var panelOffsetNs: Int64 = 0
    private var line = ByteBuffer()
    /// The number of bytes of the line that are known to contain no line end.
    private var scanned = 0
    private var beganNs: Int64 = 0
    /// The number of events that this connection has brought.
    private var events = 0
    /// Whether the server's clock was set, and no heartbeat has shown its time since.
    private var isClockSet = false
    /// The transitions of this process's breakers that the last bytes brought.
    private(set) var transitions: [(name: String, transition: ChangeDocument.Transition)] = []

    /// The maximum length of a line, in bytes: twice the largest possible panel.
    private static let maximumLine = 64 << 20
    /// The smallest improvement of the clock offset for which the panel's instants are recomputed, in nanoseconds.
    private static let worthMoving = 20 * nsPerMs

    enum Failure: Error {
        case lineTooLong
        case noTime(Instant)
    }

    init(panel: LocalPanel) {
        self.panel = panel
    }

    /// Prepares for a connection that is requested at this instant. The server may be another one, or its clock may
    /// have been set.
    mutating func begin(atNs nowNs: Int64) {
        beganNs = nowNs
        times = nil
        line = ByteBuffer()
        scanned = 0
        events = 0
        isClockSet = false
    }

    /// Forgets the position, which the server does not accept. The next connection then begins with the whole panel.
    mutating func forgetPosition() { startsOver = true }

    /// Reads received bytes.
    /// - Returns: the instant as of which the panel is correct; `nil` if the bytes do not say.
    mutating func read(_ bytes: ByteBuffer, atNs nowNs: Int64) throws -> Int64? {
        var bytes = bytes
        transitions = []
        line.writeBuffer(&bytes)
        var trueAsOfNs: Int64?
        while let length = lengthOfLine(), let data = line.readData(length: length) {
            line.moveReaderIndex(forwardBy: 1)
            scanned = 0
            if let asOfNs = try take(try JSONDecoder().decode(EventDocument.self, from: data), atNs: nowNs) {
                trueAsOfNs = max(trueAsOfNs ?? .min, asOfNs)
            }
        }
        guard line.readableBytes <= Self.maximumLine else { throw Failure.lineTooLong }
        line.discardReadBytes()
        return trueAsOfNs
    }

    /// - Returns: the length of the first line without its line end; `nil` if the line end has not arrived.
    private mutating func lengthOfLine() -> Int? {
        let bytes = line.readableBytesView.dropFirst(scanned)
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            scanned = line.readableBytes
            return nil
        }
        return end - line.readerIndex
    }

    private mutating func take(_ event: EventDocument, atNs nowNs: Int64) throws -> Int64? {
        try learnTime(event, atNs: nowNs)
        guard let times, let atNs = times.localNs(event.at) else { throw Failure.noTime(event.at) }
        defer {
            move(to: event)
            events += 1
        }
        switch event.type {
        // The heartbeat at the start of a connection does not show that the panel is current: the changes since the
        // last connection follow it.
        case "heartbeat": return events > 0 ? min(atNs, nowNs) : nil
        case "resync":
            let summaries = (event.breakers ?? []).compactMap { summary in
                LocalSummary(summary, times: times).map { (summary.name, $0) }
            }
            let isOtherHistory = last.map { StreamPosition(event)?.isOtherHistory(than: $0) ?? true } ?? false
            panel.replace(Dictionary(summaries) { _, last in last }, isOtherHistory: isOtherHistory)
            panelOffsetNs = times.offsetNs
            // The server may have written this event long before, but nothing changed until the connection was
            // requested.
            return beganNs
        default:
            if let name = event.name {
                if let transition = event.transition, panel.has(name) { transitions.append((name, transition)) }
                panel.show(name, event.summary.flatMap { LocalSummary($0, times: times) })
            }
            return min(atNs, nowNs)
        }
    }

    /// Moves the position to an event. Only a whole panel begins another history. Events before it do not move the
    /// position, so that a connection that breaks off before the panel receives it again.
    private mutating func move(to event: EventDocument) {
        guard var next = StreamPosition(event) else { return }
        if event.type == "resync" {
            startsOver = false
        } else if let epoch = last?.epoch {
            next.epoch = next.epoch ?? epoch
            guard next.epoch == epoch else { return }
        }
        last = next
    }

    /// Learns the server's time from a heartbeat, or from the first line if the server does not begin with a heartbeat.
    private mutating func learnTime(_ event: EventDocument, atNs nowNs: Int64) throws {
        let isClockStep = event.type == "resync" && event.reason == "clock_step"
        guard times == nil || event.type == "heartbeat" || isClockStep else { return }
        guard let latest = ServerTimes(at: event.at, nowNs: nowNs) else { throw Failure.noTime(event.at) }
        var times = times ?? latest
        if isClockStep {
            followClockStep(to: latest, knowing: times)
            return
        }
        if isClockSet { times = latest }
        isClockSet = false
        times.add(latest)
        self.times = times
        let difference = times.offsetNs - panelOffsetNs
        if last != nil, abs(difference) >= Self.worthMoving {
            panel.move(byNs: difference)
            panelOffsetNs = times.offsetNs
        }
    }

    /// Follows a step of the server's clock, with the whole panel that announces it. The panel has every deadline moved
    /// by the same step.
    ///
    /// The heartbeats before the step no longer count, so the panel's own instant gives the time until the next
    /// heartbeat. At the start of a connection, that instant may be long past, but the heartbeat just before it is of
    /// the clock after the step.
    private mutating func followClockStep(to latest: ServerTimes, knowing known: ServerTimes) {
        var times = latest
        if events <= 1 { times.add(known) }
        self.times = times
        isClockSet = true
    }
}

/// A follower's position in the changes of a server's database.
struct StreamPosition: Hashable, Sendable {
    /// The epoch that the revision belongs to; a restored backup or another database has a different one. `nil` if the
    /// server does not send epochs.
    var epoch: String?
    var revision: Int64

    init(epoch: String? = nil, revision: Int64) {
        self.epoch = epoch
        self.revision = revision
    }

    /// - Returns: `nil` for an event without a revision, which comes before any change.
    init?(_ event: EventDocument) {
        guard let revision = event.revision else { return nil }
        let prefix = event.id.flatMap { id in id.firstIndex(of: "-").map { String(id[..<$0]) } }
        self.init(epoch: prefix ?? event.epoch, revision: revision)
    }

    /// The position in the form that the server reads.
    var text: String { (epoch.map { $0 + "-" } ?? "") + String(revision) }

    /// Whether `other`, the position of a whole panel, belongs to another history, so that the numbers cannot be
    /// compared.
    func isOtherHistory(than other: StreamPosition) -> Bool { epoch != other.epoch || other.revision > revision }
}

/// The offset between the server's clock and this process's clock, estimated from heartbeats.
///
/// A heartbeat carries the instant at which it was written, and arrives after a delay. So the heartbeat with the
/// shortest delay gives the best estimate, and no instant seems due too early. Clocks drift, so only the heartbeats of
/// the last minutes count. If the server's clock is set, the estimate begins anew.
struct ServerTimes: Hashable, Sendable {
    /// Added to an instant of the server to get one of this process.
    var offsetNs: Int64 { min(presentNs, formerNs) }

    /// How long the shortest delay counts: at least this long, at most twice as long.
    static let windowNs: Int64 = 300_000 * nsPerMs
    private var presentNs: Int64
    private var formerNs = Int64.max
    private var beganNs: Int64

    /// - Parameters:
    ///   - instant: the server's current instant as it was received.
    ///   - nowNs: when it was received.
    /// - Returns: `nil` if `instant` is out of range.
    init?(at instant: Instant, nowNs: Int64) {
        guard let serverNs = Self.ns(instant) else { return nil }
        presentNs = nowNs - serverNs
        beganNs = nowNs
    }

    /// Adds another heartbeat.
    mutating func add(_ other: ServerTimes) {
        if other.beganNs - beganNs >= Self.windowNs {
            formerNs = presentNs
            presentNs = other.presentNs
            beganNs = other.beganNs
        } else {
            presentNs = min(presentNs, other.presentNs)
        }
    }

    /// - Returns: `nil` if `instant` is out of range.
    func localNs(_ instant: Instant) -> Int64? {
        Self.ns(instant).map { $0 + offsetNs }
    }

    /// Nanoseconds since 1970. Half of the range of 64 bits lasts until 2116, and leaves room for the differences of
    /// clocks.
    private static func ns(_ instant: Instant) -> Int64? {
        let (ns, isTooFar) = instant.milliseconds.multipliedReportingOverflow(by: nsPerMs)
        return isTooFar || ns < 0 || ns > Int64.max / 2 ? nil : ns
    }
}
