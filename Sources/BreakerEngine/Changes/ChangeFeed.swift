import BreakerCore
import NIOConcurrencyHelpers
import NIOCore

/// The newest committed changes, once for all who follow them, and who waits for the next.
///
/// A follower holds no more than a position, the revision it has come to. What it has not taken yet stands here, in the
/// batches as they were committed, which all share: a follower that does not read costs nothing, and one that falls behind
/// by more than is kept is let go.
///
/// It keeps an image of the panel, too, which is brought up to date from the changes when it is asked for, and by those
/// that the feed lets go.
final class ChangeFeed: Sendable {
    /// How many changes are kept, and so how far a follower may fall behind. The last batch stays whole, whatever its size:
    /// one that was not behind before it finds all of it.
    static let keptChanges = 4_096
    /// How many changes are taken at once at most: what a follower that is told no further holds on to.
    static let changesAtOnce = 64

    /// What is there behind a position.
    enum Taken {
        /// The next ones, in order.
        case changes([Journal.Change])
        /// Nothing yet.
        case upToDate
        /// The clock was set: instants of which the follower was told are of another clock.
        case shifted
        /// The next changes are no longer kept here.
        case behind
    }

    /// Why a wait is over.
    enum Signal: Hashable, Sendable {
        case published, beat, ended
    }

    private struct State {
        /// The last that was published.
        var revision: Int64
        /// How often the clock was set, and the last revision whose instants are of the clock before; `nil` where there
        /// is none.
        var shifts = 0
        var shiftedRevision: Int64?
        var batches = CircularBuffer<[Journal.Change]>()
        /// The panel as some change left it, after which every change is in ``batches``.
        var image: PanelImage
        var changes = 0
        var waiting: [Int: CheckedContinuation<Signal, Never>] = [:]
        var tickets = 0
        var isOpen = true

        /// The revision behind which everything is kept.
        var floor: Int64 { batches.first?.first.map { $0.revision - 1 } ?? revision }

        /// How many batches leave when so many changes come.
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
            var place = batches.partitioningIndex { $0[$0.count - 1].revision > position }
            // Revisions have no gaps.
            var known = batches[place].first.map { Int(position + 1 - $0.revision) } ?? 0
            var slices: [ArraySlice<Journal.Change>] = []
            var room = limit
            while place < batches.endIndex, room > 0 {
                slices.append(batches[place].dropFirst(known).prefix(room))
                room -= slices[slices.count - 1].count
                known = 0
                place = batches.index(after: place)
            }
            return slices
        }
    }

    private let state: NIOLockedValueBox<State>

    /// - Parameter image: the panel as the last change that is committed left it.
    init(_ image: PanelImage) {
        let (revision, shifts) = (image.revision, image.shifts)
        state = NIOLockedValueBox(
            State(revision: revision, shifts: shifts, shiftedRevision: shifts > 0 ? revision : nil, image: image)
        )
    }

    /// The last revision that was published.
    var revision: Int64 { state.withLockedValue { $0.revision } }

    // MARK: Publishing

    /// Called on the writer's thread, behind the commit and before its answers. It takes as long for one follower as for a
    /// thousand: the batch is kept once, and those who wait are woken by a task of its own, for the answers and the next
    /// commit would wait for that.
    func publish(_ changes: [Journal.Change]) {
        guard let last = changes.last else { return }
        // What is let go has to be in the image. Once in so many changes as are kept, if nobody asked for it meanwhile.
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

    /// The clock was set, and every instant of live state with it: followers begin anew with the panel.
    /// - Parameter image: the panel with those instants.
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

    /// No more comes: followers end, behind what is still here for them.
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

    /// The panel as the last change that was published left it.
    func image(at now: Instant) -> PanelImage {
        let (known, changes) = state.withLockedValue { state in
            (state.image, state.slices(after: state.image.revision, limit: .max))
        }
        // Outside the lock. Another may do the same at the same time.
        let image = known.applying(Array(changes.joined()), at: now)
        return state.withLockedValue { state in
            if (state.image.shifts, state.image.revision) < (image.shifts, image.revision) { state.image = image }
            return state.image
        }
    }

    // MARK: Following

    /// What tells one follower from another.
    func ticket() -> Int {
        state.withLockedValue { state in
            state.tickets += 1
            return state.tickets
        }
    }

    /// How often the clock was set.
    /// - Parameter position: the last revision that a follower knows; it has yet to hear of the last shift where that is
    ///   not behind it.
    func shifts(heardBehind position: Int64?) -> Int {
        state.withLockedValue { state in
            guard let position, let shifted = state.shiftedRevision, position <= shifted else { return state.shifts }
            return state.shifts - 1
        }
    }

    /// - Parameter shifts: how many shifts the follower has heard of.
    func take(behind position: Int64, shifts: Int = 0) -> Taken {
        var isShifted = false
        let slices: [ArraySlice<Journal.Change>]? = state.withLockedValue { state in
            isShifted = shifts != state.shifts
            guard !isShifted else { return nil }
            guard position < state.revision else { return [] }
            return position < state.floor ? nil : state.slices(after: position, limit: Self.changesAtOnce)
        }
        if isShifted { return .shifted }
        guard let slices else { return .behind }
        // Copied outside the lock, and out of their batches: a follower that is slow keeps none of them.
        return slices.isEmpty ? .upToDate : .changes(Array(slices.joined()))
    }

    /// Waits until something behind `position` is published. Cancellation ends the wait.
    /// - Parameter shifts: how many shifts the follower has heard of.
    func wait(_ ticket: Int, behind position: Int64, shifts: Int = 0) async -> Signal {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let signal: Signal? = state.withLockedValue { state in
                    if position < state.revision || shifts != state.shifts { return .published }
                    // Asked under the lock: a cancellation that comes later finds who waits.
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

    /// The first place at which `condition` holds, in a buffer in which it holds for the rest from there.
    fileprivate func partitioningIndex(where condition: (Element) -> Bool) -> Index {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[offset: middle]) { high = middle } else { low = middle + 1 }
        }
        return index(startIndex, offsetBy: low)
    }
}
