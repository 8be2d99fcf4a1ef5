import BreakerAPI
import Foundation
import NIOCore
import NIOFoundationCompat

/// Reads one connection's stream of changes into the panel. Used by one task.
struct StreamReader {
    /// The last change that is in the panel; `nil` where there is none.
    private(set) var revision: Int64?
    /// Whether anything came.
    private(set) var hasRead = false
    private let panel: LocalPanel
    private var times: ServerTimes?
    private var line = ByteBuffer()

    /// A line that is longer is none of this server's: the whole panel at its largest has half of that.
    private static let maximumLine = 64 << 20

    enum Failure: Error {
        case lineTooLong
        case noTime(String)
    }

    init(panel: LocalPanel, revision: Int64?) {
        self.panel = panel
        self.revision = revision
    }

    /// Takes in what came.
    /// - Returns: as of which instant the panel is true; `nil` where that is not told.
    mutating func read(_ bytes: ByteBuffer, atNs nowNs: Int64) throws -> Int64? {
        var bytes = bytes
        line.writeBuffer(&bytes)
        hasRead = true
        guard line.readableBytes <= Self.maximumLine else { throw Failure.lineTooLong }
        var trueAsOf: Int64?
        while let end = line.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            let length = end - line.readerIndex
            guard let data = line.readData(length: length) else { break }
            line.moveReaderIndex(forwardBy: 1)
            if let asOf = try take(try JSONDecoder().decode(EventDocument.self, from: data), atNs: nowNs) {
                trueAsOf = max(trueAsOf ?? .min, asOf)
            }
        }
        line.discardReadBytes()
        return trueAsOf
    }

    private mutating func take(_ event: EventDocument, atNs nowNs: Int64) throws -> Int64? {
        // The first tells the server's time; each that is of the present tells it again, for clocks drift.
        let isFirst = times == nil
        if isFirst || event.type == "heartbeat" || event.type == "resync" {
            times = ServerTimes(at: event.at, nowNs: nowNs)
        }
        guard let times, let atNs = times.localNs(event.at) else { throw Failure.noTime(event.at) }
        defer { revision = event.revision ?? revision }
        switch event.type {
        case "heartbeat":
            // The one that a resumed stream begins with comes before what happened meanwhile.
            return isFirst ? nil : nowNs
        case "resync":
            let images = (event.breakers ?? []).compactMap { standing in
                LocalImage(standing, times: times).map { (standing.name, $0) }
            }
            panel.replace(Dictionary(images) { _, last in last })
            return nowNs
        default:
            if let name = event.name {
                panel.show(name, event.standing.flatMap { LocalImage($0, times: times) })
            }
            return min(atNs, nowNs)
        }
    }
}
