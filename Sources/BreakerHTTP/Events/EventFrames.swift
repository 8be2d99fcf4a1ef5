import BreakerCore
import BreakerEngine
import NIOConcurrencyHelpers
import NIOCore

/// The frames that were written last, so that a change is encoded once and not once for each stream. All streams write
/// the same bytes: a buffer is shared, not copied.
final class EventFrames: Sendable {
    private struct Slot: Sendable {
        var form: EventForm
        var revision: Int64
        var frame: ByteBuffer
    }

    private struct Resync: Sendable {
        var form: EventForm
        var revision: Int64
        /// When the panel was written down: it is another one of the same revision where the clock was set.
        var at: Instant
        var reason: Follower.ResyncReason
        var filter: EventFilter
        var frame: ByteBuffer
    }

    private let epoch: Epoch

    /// As many changes as followers are told at once, and some.
    private static let keptFrames = 1_024
    /// A frame of the whole panel may have megabytes. Streams that begin together ask for few different ones.
    private static let keptResyncs = 4

    private let slots = NIOLockedValueBox([Slot?](repeating: nil, count: keptFrames))
    private let resyncs = NIOLockedValueBox<[Resync]>([])

    /// - Parameter epoch: the history that all changes are of.
    init(epoch: Epoch) {
        self.epoch = epoch
    }

    /// Two that ask at the same moment may both encode; what they get is equal.
    func frame(of change: Journal.Change, in form: EventForm) -> ByteBuffer {
        let place = Int(change.revision % Int64(Self.keptFrames))
        if let slot = slots.withLockedValue({ $0[place] }), slot.revision == change.revision, slot.form == form {
            return slot.frame
        }
        let slot = Slot(form: form, revision: change.revision, frame: form.frame(of: change, in: epoch))
        slots.withLockedValue { $0[place] = slot }
        return slot.frame
    }

    func frame(
        of image: PanelImage,
        reason: Follower.ResyncReason,
        _ filter: EventFilter,
        in form: EventForm
    ) -> ByteBuffer {
        let known = resyncs.withLockedValue { resyncs in
            resyncs.first {
                $0.revision == image.revision && $0.at == image.at && $0.reason == reason && $0.form == form
                    && $0.filter == filter
            }
        }
        if let known { return known.frame }
        let frame = form.frame(of: image, in: epoch, reason: reason, filter)
        let resync = Resync(
            form: form,
            revision: image.revision,
            at: image.at,
            reason: reason,
            filter: filter,
            frame: frame
        )
        resyncs.withLockedValue { resyncs in
            if resyncs.count == Self.keptResyncs { resyncs.removeFirst() }
            resyncs.append(resync)
        }
        return frame
    }
}
