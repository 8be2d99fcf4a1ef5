import BreakerCore
import BreakerStorage

/// The calls of each breaker and minute that are not stored yet.
///
/// The reports of a batch are stored with it, or forgotten if it fails. Ignored reports and the panel's counts need no
/// write of their own: they wait here, and later batches take some of them at a time.
struct UnstoredCalls {
    private struct Addition {
        var key: Key
        var outcome: Outcome
        var count: Int64
        var isSlow: Bool
    }

    /// The key of a stored row.
    private struct Key: Hashable, Comparable {
        var minute: Minute
        var breakerID: Int64

        static func < (left: Key, right: Key) -> Bool {
            (left.minute, left.breakerID) < (right.minute, right.breakerID)
        }
    }

    /// By minute and breaker.
    private var waiting: [Minute: [Int64: CallTally]] = [:]
    private var waitingCount = 0
    /// The part of ``waiting`` that the current batch takes along, all of one minute.
    private var takenAlong: (minute: Minute, breakerIDs: [Int64])?
    /// One for each report of the batch that was counted.
    private var additions: [Addition] = []

    /// How many rows may wait: about 10 MB. Above this no more is collected, because a disk may be full for days. A
    /// single collection may exceed the limit by as many rows as there are breakers.
    static let limit = 100_000
    /// How many waiting rows a batch takes along: a few milliseconds of work.
    static let rowsAtATime = 1_000

    var isFull: Bool { waitingCount >= Self.limit }
    var isEmpty: Bool { waitingCount == 0 }

    // MARK: Adding calls

    /// Adds outcomes that the current batch reports.
    /// - Parameter minute: the minute in which the calls ended.
    mutating func add(_ outcome: Outcome, count: Int, isSlow: Bool, breakerID: Int64, minute: Minute) {
        guard count > 0 else { return }
        let key = Key(minute: minute, breakerID: breakerID)
        additions.append(Addition(key: key, outcome: outcome, count: Int64(count), isSlow: isSlow))
    }

    /// Adds decisions, which are not part of a batch.
    mutating func add(_ decisions: DecisionCounts, breakerID: Int64, minute: Minute) {
        change(Key(minute: minute, breakerID: breakerID)) { $0 += decisions.calls }
    }

    private mutating func change(_ key: Key, _ body: (inout CallTally) -> Void) {
        if waiting[key.minute]?[key.breakerID] == nil { waitingCount += 1 }
        body(&waiting[key.minute, default: [:]][key.breakerID, default: CallTally()])
    }

    /// The waiting calls of a breaker.
    func calls(of breakerID: Int64, in steps: CallHistory.Steps) -> [(minute: Minute, tally: CallTally)] {
        waiting.compactMap { minute, tallies in
            guard steps.first <= minute, minute < steps.end, let tally = tallies[breakerID] else { return nil }
            return (minute, tally)
        }
    }

    // MARK: A batch

    /// The rows to store with the current batch, including the oldest waiting rows. They are in order of minute and
    /// breaker, which a store writes fastest.
    ///
    /// - Parameters:
    ///   - deleted: breakers whose rows are left out.
    ///   - takesWaiting: whether waiting rows are included.
    mutating func rows(without deleted: Set<Int64>, takesWaiting: Bool) -> [WriteBatch.CallRow] {
        var tallies: [Key: CallTally] = [:]
        takenAlong = takesWaiting ? oldestWaiting() : nil
        if let (minute, breakerIDs) = takenAlong, let waiting = waiting[minute] {
            for id in breakerIDs { tallies[Key(minute: minute, breakerID: id)] = waiting[id] }
        }
        for addition in additions {
            tallies[addition.key, default: CallTally()]
                .add(addition.outcome, count: addition.count, isSlow: addition.isSlow)
        }
        let rows = tallies.sorted { $0.key < $1.key }
            .map { WriteBatch.CallRow(breakerID: $0.key.breakerID, minute: $0.key.minute, tally: $0.value) }
        return deleted.isEmpty ? rows : rows.filter { !deleted.contains($0.breakerID) }
    }

    private func oldestWaiting() -> (minute: Minute, breakerIDs: [Int64])? {
        guard let minute = waiting.keys.min(), let tallies = waiting[minute] else { return nil }
        return (minute, tallies.keys.prefix(Self.rowsAtATime).sorted())
    }

    /// Ends a batch that is stored, together with the waiting rows that it took along.
    mutating func stored() {
        if let (minute, breakerIDs) = takenAlong {
            for id in breakerIDs { waiting[minute]?[id] = nil }
            waitingCount -= breakerIDs.count
            if waiting[minute]?.isEmpty == true { waiting[minute] = nil }
        }
        forgetBatch()
    }

    /// Ends a batch that changed nothing that has to be stored. Its reports wait, unless too many rows wait already.
    mutating func keepBatch() {
        if !isFull {
            for addition in additions {
                change(addition.key) {
                    $0.add(addition.outcome, count: addition.count, isSlow: addition.isSlow)
                }
            }
        }
        forgetBatch()
    }

    mutating func forgetBatch() {
        additions.removeAll(keepingCapacity: true)
        takenAlong = nil
    }
}

extension DecisionCounts {
    /// The decisions as a tally of calls.
    var calls: CallTally {
        var calls = CallTally()
        calls.allowed = Int64(allowed)
        calls.denied = Int64(denied)
        return calls
    }
}

extension WorkingCopy {
    /// Whether the minute in which the panel began to count is over.
    func isMinuteOver(at now: Instant) -> Bool { countingSince != Minute(of: now) }

    /// Collects the decisions that the panel counted since the last collection. All of them count for the minute in
    /// which the counting began, so the caller collects as soon as a minute is over.
    /// - Parameter decisions: takes the counts from the panel. It is not called if too much waits to be stored already;
    ///   the panel then keeps its counts.
    mutating func collect(_ decisions: () -> [(name: BreakerName, tally: DecisionCounts)], at now: Instant) {
        guard !unstored.isFull else { return }
        for (name, tally) in decisions() {
            guard let index = index(of: name) else { continue }
            unstored.add(tally, breakerID: breakers[index].id, minute: countingSince)
        }
        countingSince = Minute(of: now)
    }

    /// Adds decisions that clients made in earlier minutes, unless too much waits to be stored already.
    mutating func count(_ decisions: [ClientDecisions], at now: Instant) {
        guard !unstored.isFull else { return }
        for decisions in decisions {
            guard let index = index(of: decisions.name) else { continue }
            unstored.add(decisions.counts, breakerID: breakers[index].id, minute: decisions.minute(at: now))
        }
    }

    /// The calls of a breaker that are not stored yet.
    /// - Parameter counted: the decisions that the panel counted and that are not collected yet.
    func unstoredCalls(
        of breakerID: Int64,
        beside counted: DecisionCounts,
        in steps: CallHistory.Steps
    ) -> [(minute: Minute, tally: CallTally)] {
        unstored.calls(of: breakerID, in: steps) + [(countingSince, counted.calls)]
    }
}
