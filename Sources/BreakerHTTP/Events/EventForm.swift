import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes
import NIOConcurrencyHelpers
import NIOCore

/// The format of a stream of changes.
enum EventForm: Hashable, Sendable {
    /// Server-sent events, as a browser's `EventSource` reads them (html.spec.whatwg.org, "Server-sent events").
    case serverSentEvents
    /// One JSON object per line.
    case lines

    /// Selects lines if `accept` names them and does not name server-sent events.
    init(accept: String?) {
        let types = (accept ?? "").lowercased().split(separator: ",").map { range in
            range.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        }
        let wantsLines = types.contains(Self.lines.contentType) && !types.contains(Self.serverSentEvents.contentType)
        self = wantsLines ? .lines : .serverSentEvents
    }

    var contentType: String {
        switch self {
        case .serverSentEvents: "text/event-stream"
        case .lines: "application/x-ndjson"
        }
    }

    /// The time that an `EventSource` waits before it reconnects, in milliseconds.
    private static let retryMs = 1_000

    /// The first bytes of a stream, by which its client sees at once that the stream is open. In the form of lines they
    /// give the server's time, which programs may need. A resync does not give that time: it may have been made
    /// earlier, for another client.
    ///
    /// - Parameter id: the id of the last change that the client knows.
    func opening(at now: Instant, id: EventID?) -> ByteBuffer {
        switch self {
        case .serverSentEvents: ByteBuffer(string: "retry: \(Self.retryMs)\n: ok\n\n")
        case .lines: heartbeat(at: now, id: id)
        }
    }

    /// Shows that the stream is alive, and gives its position. With a filter that admits few changes, the client's own
    /// position would otherwise become older than the changes that are kept. An `EventSource` stores an id without data
    /// as its last event id, and dispatches no event.
    func heartbeat(at now: Instant, id: EventID?) -> ByteBuffer {
        switch self {
        case .serverSentEvents:
            return ByteBuffer(string: ": \(now.timestamp)\n" + (id.map { "id: \($0)\n" } ?? "") + "\n")
        case .lines:
            let document = HeartbeatDocument(at: now, id: id?.description, revision: id?.revision)
            return ByteBuffer(bytes: document.bytes + [UInt8(ascii: "\n")])
        }
    }

    func frame(of change: Journal.Change, in epoch: Epoch) -> ByteBuffer {
        let id = EventID(epoch, change.revision)
        let document = ChangeDocument(change, id: id.description)
        var bytes = head(type: document.type, id)
        // The document contains no line break, because JSON escapes them.
        document.write(into: &bytes)
        bytes += end.utf8
        return ByteBuffer(bytes: bytes)
    }

    /// The beginning of a resync, up to its first breaker.
    func resyncHead(of image: PanelImage, in epoch: Epoch, reason: Follower.ResyncReason) -> ByteBuffer {
        let id = EventID(epoch, image.revision)
        var head = head(type: "resync", id)
        ResyncDocument(
            id: id.description,
            revision: image.revision,
            epoch: epoch.description,
            reason: reason.rawValue,
            at: image.at,
            breakers: []
        ).write(into: &head)
        return ByteBuffer(bytes: head.dropLast(Self.resyncEnd.utf8.count))
    }

    /// The end of a resync, after its last breaker.
    var resyncTail: ByteBuffer { ByteBuffer(string: Self.resyncEnd + end) }

    /// The end of the document: the breakers are its last member.
    private static let resyncEnd = "]}"

    private func head(type: String, _ id: EventID) -> [UInt8] {
        self == .serverSentEvents ? Array("id: \(id)\nevent: \(type)\ndata: ".utf8) : []
    }

    private var end: String { self == .serverSentEvents ? "\n\n" : "\n" }
}

/// A position at which a stream of changes can resume: a revision, and the history that it belongs to.
///
/// It is written `<epoch>-<revision>`. Clients may also send a bare revision, whose history is unknown.
struct EventID: Hashable, Sendable, CustomStringConvertible {
    var epoch: Epoch?
    var revision: Int64

    init(_ epoch: Epoch?, _ revision: Int64) {
        self.epoch = epoch
        self.revision = revision
    }

    /// - Returns: `nil` where `text` is not an id.
    init?(_ text: String) {
        var digits = text[...]
        if let dash = text.firstIndex(of: "-") {
            guard let epoch = Epoch(text[..<dash]) else { return nil }
            self.epoch = epoch
            digits = text[text.index(after: dash)...]
        }
        // `Int64` also takes a sign.
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let revision = Int64(digits)
        else { return nil }
        self.revision = revision
    }

    var description: String { epoch.map { "\($0)-\(revision)" } ?? "\(revision)" }
}

/// A cache of the frames that were written last, so that a change is encoded once and not once for each stream. All
/// streams write the same bytes: a buffer is shared, not copied.
final class EventFrames: Sendable {
    private struct Slot: Sendable {
        var form: EventForm
        var revision: Int64
        var frame: ByteBuffer
    }

    private let epoch: Epoch

    /// Many times the number of changes that a follower gets at once.
    private static let keptFrames = 1_024

    private let slots = NIOLockedValueBox([Slot?](repeating: nil, count: keptFrames))

    /// - Parameter epoch: the history that all changes belong to.
    init(epoch: Epoch) {
        self.epoch = epoch
    }

    /// The frame of a change. Two callers at the same moment may both encode it; their frames are equal.
    func frame(of change: Journal.Change, in form: EventForm) -> ByteBuffer {
        let index = Int(change.revision % Int64(Self.keptFrames))
        if let slot = slots.withLockedValue({ $0[index] }), slot.revision == change.revision, slot.form == form {
            return slot.frame
        }
        let slot = Slot(form: form, revision: change.revision, frame: form.frame(of: change, in: epoch))
        slots.withLockedValue { $0[index] = slot }
        return slot.frame
    }
}
