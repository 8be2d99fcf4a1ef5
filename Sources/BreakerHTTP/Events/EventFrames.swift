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

    private let epoch: Epoch

    /// As many changes as followers are told at once, and some.
    private static let keptFrames = 1_024

    private let slots = NIOLockedValueBox([Slot?](repeating: nil, count: keptFrames))

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
}
