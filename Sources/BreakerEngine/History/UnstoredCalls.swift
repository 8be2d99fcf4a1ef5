import BreakerCore
import BreakerStorage

/// What happened to breakers by the minute and is not stored yet.
///
/// What a batch reports is stored with it, and forgotten with it where it fails. What needs no write of its own, ignored
/// reports and the panel's counts, waits here for the next one.
struct UnstoredCalls {
    private struct Key: Hashable {
        var breakerID: Int64
        var minute: Minute
    }

    private struct Addition {
        var breakerID: Int64
        var outcome: Outcome
        var count: Int64
        var isSlow: Bool
    }

    private var waiting: [Key: CallTally] = [:]
    /// One for each report of the batch that was taken in.
    private var additions: [Addition] = []

    /// So many may wait, for a disk may be full for days: about 10 MB.
    static let limit = 100_000

    var isFull: Bool { waiting.count >= Self.limit }

    /// Notes outcomes that the present batch takes in.
    mutating func add(_ outcome: Outcome, count: Int, isSlow: Bool, breakerID: Int64) {
        guard count > 0 else { return }
        additions.append(
            Addition(breakerID: breakerID, outcome: outcome, count: Int64(count), isSlow: isSlow)
        )
    }

    /// Notes what was decided, beside any batch.
    mutating func add(_ decisions: DecisionTally, breakerID: Int64, minute: Minute) {
        waiting[Key(breakerID: breakerID, minute: minute), default: CallTally()] += decisions.calls
    }

    /// What waits of a breaker.
    func calls(of breakerID: Int64, in steps: CallHistory.Steps) -> [(minute: Minute, tally: CallTally)] {
        guard !waiting.isEmpty else { return [] }
        return (steps.first.number..<steps.end.number).compactMap { number in
            waiting[Key(breakerID: breakerID, minute: Minute(number))].map { (Minute(number), $0) }
        }
    }

    // MARK: The end of a batch

    /// All that is to be stored, in order of minute and breaker, which is how a store writes it fastest.
    /// - Parameter now: when the batch is made.
    func rows(at now: Instant, without deleted: Set<Int64>) -> [WriteBatch.CallRow] {
        merged(at: now)
            .filter { !deleted.contains($0.key.breakerID) }
            .map { WriteBatch.CallRow(breakerID: $0.key.breakerID, minute: $0.key.minute, tally: $0.value) }
            .sorted { ($0.minute.number, $0.breakerID) < ($1.minute.number, $1.breakerID) }
    }

    /// The batch changed nothing that had to be stored.
    mutating func keepBatch(at now: Instant) {
        guard !additions.isEmpty else { return }
        if !isFull { waiting = merged(at: now) }
        forgetBatch()
    }

    /// The batch is stored, and with it all that waited.
    mutating func stored() {
        waiting.removeAll(keepingCapacity: true)
        forgetBatch()
    }

    mutating func forgetBatch() {
        additions.removeAll(keepingCapacity: true)
    }

    private func merged(at now: Instant) -> [Key: CallTally] {
        let minute = Minute(of: now)
        return additions.reduce(into: waiting) { waiting, addition in
            waiting[Key(breakerID: addition.breakerID, minute: minute), default: CallTally()]
                .add(addition.outcome, count: addition.count, isSlow: addition.isSlow)
        }
    }
}

extension DecisionTally {
    /// The same, as a part of what became of calls.
    var calls: CallTally {
        var calls = CallTally()
        calls.allowed = Int64(allowed)
        calls.denied = Int64(denied)
        return calls
    }
}
