import BreakerCore
import BreakerEngine
import NIOConcurrencyHelpers
import NIOCore

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
