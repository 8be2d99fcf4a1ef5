import BreakerAPI
import Foundation
import NIOCore
import NIOFoundationCompat

/// Reads the stream of changes into the panel, connection after connection. Used by one task.
struct StreamReader {
    /// The last change that is in the panel; `nil` where there is none.
    private(set) var position: StreamPosition?
    private let panel: LocalPanel
    private var times: ServerTimes?
    /// By which times the instants in the panel were reckoned, in nanoseconds.
    private var panelOffsetNs: Int64 = 0
    private var line = ByteBuffer()
    /// Bytes of the line that are known to have no end in them.
    private var scanned = 0
    private var beganNs: Int64 = 0
    /// Whether a sign of life says that the panel is true: not the one that a connection begins with, behind which comes
    /// what happened meanwhile.
    private var isPresent = false

    /// A line that is longer is none of this server's: the whole panel at its largest has half of that.
    private static let maximumLine = 64 << 20
    /// Nanoseconds by which the server's clock has to be known better for the panel to be reckoned anew.
    private static let worthMoving = 20 * nsPerMs

    enum Failure: Error {
        case lineTooLong
        case noTime(String)
    }

    init(panel: LocalPanel) {
        self.panel = panel
    }

    /// A connection was asked for at this instant. Another server may speak, or one whose clock was set.
    mutating func begin(atNs nowNs: Int64) {
        beganNs = nowNs
        times = nil
        line = ByteBuffer()
        scanned = 0
        isPresent = false
    }

    /// The server does not take the position: the next connection begins with the whole panel.
    mutating func forgetPosition() { position = nil }

    /// Takes in what came.
    /// - Returns: as of which instant the panel is true; `nil` where that is not told.
    mutating func read(_ bytes: ByteBuffer, atNs nowNs: Int64) throws -> Int64? {
        var bytes = bytes
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

    /// - Returns: of the first line, without its end; `nil` where that has not come.
    private mutating func lengthOfLine() -> Int? {
        let bytes = line.readableBytesView.dropFirst(scanned)
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            scanned = line.readableBytes
            return nil
        }
        return end - line.readerIndex
    }

    private mutating func take(_ event: EventDocument, atNs nowNs: Int64) throws -> Int64? {
        try hearTime(event, atNs: nowNs)
        guard let times, let atNs = times.localNs(event.at) else { throw Failure.noTime(event.at) }
        defer {
            move(to: event)
            isPresent = true
        }
        switch event.type {
        case "heartbeat": return isPresent ? min(atNs, nowNs) : nil
        case "resync":
            let images = (event.breakers ?? []).compactMap { standing in
                LocalImage(standing, times: times).map { (standing.name, $0) }
            }
            let isOtherHistory = position.map { StreamPosition(event)?.isOtherHistory(than: $0) ?? true } ?? false
            panel.replace(Dictionary(images) { _, last in last }, isOtherHistory: isOtherHistory)
            panelOffsetNs = times.offsetNs
            // It may have been written down long before, and nothing has changed since: up to when it was asked for.
            return beganNs
        default:
            if let name = event.name {
                panel.show(name, event.standing.flatMap { LocalImage($0, times: times) })
            }
            return min(atNs, nowNs)
        }
    }

    /// Only the whole panel begins another history. What comes before it leaves the position where it was, so that a
    /// connection that breaks off before it gets it once more.
    private mutating func move(to event: EventDocument) {
        guard var next = StreamPosition(event) else { return }
        if event.type != "resync", let epoch = position?.epoch {
            next.epoch = next.epoch ?? epoch
            guard next.epoch == epoch else { return }
        }
        position = next
    }

    /// Heartbeats tell the server's present time; a server that begins without one, its first line does.
    private mutating func hearTime(_ event: EventDocument, atNs nowNs: Int64) throws {
        guard times == nil || event.type == "heartbeat" else { return }
        guard let heard = ServerTimes(at: event.at, nowNs: nowNs) else { throw Failure.noTime(event.at) }
        var times = times ?? heard
        times.hear(heard)
        self.times = times
        let difference = times.offsetNs - panelOffsetNs
        if position != nil, abs(difference) >= Self.worthMoving {
            panel.move(byNs: difference)
            panelOffsetNs = times.offsetNs
        }
    }
}
