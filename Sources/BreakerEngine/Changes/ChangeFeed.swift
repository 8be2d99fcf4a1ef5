import BreakerCore
import NIOConcurrencyHelpers
import NIOCore

/// The newest committed changes, kept once for all followers, and the followers that wait for the next change.
///
/// A follower holds only a position: the last revision that it took. The changes that it has not taken yet are kept
/// here, in the batches in which they were committed, and all followers share them. A follower that does not read
/// therefore costs nothing. A follower that falls behind by more than is kept is dropped.
///
/// The feed also keeps an image of the panel. It brings the image up to date from the changes when the image is asked
/// for, and before it drops changes that the image lacks.
final class ChangeFeed: Sendable {
    /// How many changes are kept, and therefore how far a follower may fall behind. The last batch is kept whole,
    /// whatever its size, so that a follower that was up to date before it finds all of it.
    static let keptChanges = 4_096
    /// How many changes a follower takes at once, at most. A follower whose reader is slow holds no more than these.
    static let changesAtOnce = 64

    /// The result of taking the changes after a position.
    enum Taken {
        /// The next changes, in order.
        case changes([Journal.Change])
        /// There are no changes after the position yet.
        case upToDate
        /// The clock was set: the instants that the follower has received are of the clock before that.
        case shifted
        /// The feed has dropped the next changes.
        case dropped
    }

    /// Why a wait ended.
    enum Signal: Hashable, Sendable {
        case published, beat, ended
    }

    private struct State {
        /// The last published revision.
        var revision: Int64
        /// How often the clock was set, and the last revision whose instants are of the clock before that; `nil` if
        /// there is none.
        var shifts = 0
        var shiftedRevision: Int64?
        var batches = CircularBuffer<[Journal.Change]>()
        /// The panel as of an earlier change. All changes after it are in ``batches``.
        var image: PanelImage
        var changes = 0
        var waiting: [Int: CheckedContinuation<Signal, Never>] = [:]
        var tickets = 0
        var isOpen = true

        /// The revision after which all changes are kept.
        var floor: Int64 { batches.first?.first.map { $0.revision - 1 } ?? revision }

        /// How many batches are dropped when `incoming` changes are added.
        func outgoing(for incoming: Int) -> Int {
            var (kept, count) = (changes, 0)
            while kept + incoming > ChangeFeed.keptChanges, count < batches.count {
                kept -= batches[offset: count].count
                count += 1
            }
            return count
        }

        /// The first changes after `position`, `limit` at most. The change after `position` has to be in ``batches``.
        func slices(after position: Int64, limit: Int) -> [ArraySlice<Journal.Change>] {
            guard position < revision else { return [] }
            var index = batches.partitioningIndex { $0[$0.count - 1].revision > position }
            // Revisions have no gaps.
            var known = batches[index].first.map { Int(position + 1 - $0.revision) } ?? 0
            var slices: [ArraySlice<Journal.Change>] = []
            var room = limit
            while index < batches.endIndex, room > 0 {
                slices.append(batches[index].dropFirst(known).prefix(room))
                room -= slices[slices.count - 1].count
                known = 0
                index = batches.index(after: index)
            }
            return slices
        }
    }

    private let state: NIOLockedValueBox<State>

    /// - Parameter image: the panel as of the last committed change.
    init(_ image: PanelImage) {
        let (revision, shifts) = (image.revision, image.shifts)
        state = NIOLockedValueBox(
            State(revision: revision, shifts: shifts, shiftedRevision: shifts > 0 ? revision : nil, image: image)
        )
    }

    /// The last published revision.
    var revision: Int64 { state.withLockedValue { $0.revision } }

    // MARK: Publishing

    /// Adds a batch, and wakes the followers that wait. Called on the writer's thread, after the commit and before its
    /// answers.
    ///
    /// This takes as long for one follower as for a thousand: the batch is kept once, and a separate task wakes the
    /// followers. Otherwise the answers and the next commit would have to wait for that.
    func publish(_ changes: [Journal.Change]) {
        guard let last = changes.last else { return }
        // The image has to include the changes that are dropped. If no caller asks for the image, this updates it once
        // per `keptChanges` changes.
        let losesChanges = state.withLockedValue { state in
            let outgoing = state.outgoing(for: changes.count)
            guard outgoing > 0, let lost = state.batches[offset: outgoing - 1].last else { return false }
            return lost.revision > state.image.revision
        }
        if losesChanges { _ = image(at: last.at) }
        let waiting = state.withLockedValue { state in
            for _ in 0..<state.outgoing(for: changes.count) { state.changes -= state.batches.removeFirst().count }
            state.batches.append(changes)
            state.changes += changes.count
            state.revision = last.revision
            return Self.takeWaiting(&state)
        }
        guard !waiting.isEmpty else { return }
        Task { for waiting in waiting { waiting.resume(returning: .published) } }
    }

    /// Publishes that the clock was set, and every instant of live state with it. Followers start again with the panel.
    /// - Parameter image: the panel after the shift.
    func publishShift(_ image: PanelImage) {
        let waiting = state.withLockedValue { state in
            state.image = image
            state.shifts = image.shifts
            state.shiftedRevision = state.revision
            return Self.takeWaiting(&state)
        }
        guard !waiting.isEmpty else { return }
        Task { for waiting in waiting { waiting.resume(returning: .published) } }
    }

    /// Closes the feed. Each follower ends after the changes that are still kept for it.
    func close() {
        let waiting = state.withLockedValue { state in
            state.isOpen = false
            return Self.takeWaiting(&state)
        }
        for waiting in waiting { waiting.resume(returning: .ended) }
    }

    private static func takeWaiting(_ state: inout State) -> [CheckedContinuation<Signal, Never>] {
        guard !state.waiting.isEmpty else { return [] }
        defer { state.waiting.removeAll(keepingCapacity: true) }
        return Array(state.waiting.values)
    }

    // MARK: The panel

    /// The panel as of the last published change.
    func image(at now: Instant) -> PanelImage {
        let (known, changes) = state.withLockedValue { state in
            (state.image, state.slices(after: state.image.revision, limit: .max))
        }
        // Outside the lock. Another caller may do the same at the same time.
        let image = known.applying(Array(changes.joined()), at: now)
        return state.withLockedValue { state in
            if (state.image.shifts, state.image.revision) < (image.shifts, image.revision) { state.image = image }
            return state.image
        }
    }

    // MARK: Following

    /// Returns a number that identifies one follower.
    func ticket() -> Int {
        state.withLockedValue { state in
            state.tickets += 1
            return state.tickets
        }
    }

    /// How many shifts of the clock a follower has heard of.
    /// - Parameter position: the last revision that the follower knows. If it is not after the last shift, the follower
    ///   has yet to hear of that shift.
    func shifts(knownAt position: Int64?) -> Int {
        state.withLockedValue { state in
            guard let position, let shifted = state.shiftedRevision, position <= shifted else { return state.shifts }
            return state.shifts - 1
        }
    }

    /// Takes the next changes after `position`.
    /// - Parameter shifts: how many shifts the follower has heard of.
    func take(after position: Int64, shifts: Int = 0) -> Taken {
        var isShifted = false
        let slices: [ArraySlice<Journal.Change>]? = state.withLockedValue { state in
            isShifted = shifts != state.shifts
            guard !isShifted else { return nil }
            guard position < state.revision else { return [] }
            return position < state.floor ? nil : state.slices(after: position, limit: Self.changesAtOnce)
        }
        if isShifted { return .shifted }
        guard let slices else { return .dropped }
        // Copied outside the lock, and out of their batches, so that a slow follower does not keep a batch in memory.
        return slices.isEmpty ? .upToDate : .changes(Array(slices.joined()))
    }

    /// Waits until a change after `position`, or a shift, is published. Cancellation ends the wait.
    /// - Parameter shifts: how many shifts the follower has heard of.
    func wait(_ ticket: Int, after position: Int64, shifts: Int = 0) async -> Signal {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let signal: Signal? = state.withLockedValue { state in
                    if position < state.revision || shifts != state.shifts { return .published }
                    // Checked under the lock, so that a later cancellation finds the continuation.
                    if !state.isOpen || Task.isCancelled { return .ended }
                    state.waiting[ticket] = continuation
                    return nil
                }
                if let signal { continuation.resume(returning: signal) }
            }
        } onCancel: {
            wake(ticket, .ended)
        }
    }

    /// Ends the wait of a follower, if it waits.
    func wake(_ ticket: Int, _ signal: Signal) {
        state.withLockedValue { $0.waiting.removeValue(forKey: ticket) }?.resume(returning: signal)
    }
}

extension CircularBuffer {
    fileprivate subscript(offset offset: Int) -> Element { self[index(startIndex, offsetBy: offset)] }
}
