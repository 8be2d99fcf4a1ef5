import BreakerCore
import BreakerStorage

/// What happened to breakers by the minute and is not stored yet.
///
/// What a batch reports is stored with it, and forgotten with it where it fails. What needs no write of its own, ignored
/// reports and the panel's counts, waits here, and goes along with the batches to come, some of it at a time.
struct UnstoredCalls {
    private struct Addition {
        var key: Key
        var outcome: Outcome
        var count: Int64
        var isSlow: Bool
    }

    /// A row of what is stored.
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
    /// What of ``waiting`` the present batch takes along: of one minute.
    private var takenAlong: (minute: Minute, breakerIDs: [Int64])?
    /// One for each report of the batch that was taken in.
    private var additions: [Addition] = []

    /// From here on no more is collected, for a disk may be full for days: about 10 MB. What is collected at once may go
    /// beyond it by as many breakers as there are.
    static let limit = 100_000
    /// How much of what waits a batch takes along: a few milliseconds of it.
    static let rowsAtATime = 1_000

    var isFull: Bool { waitingCount >= Self.limit }
    var isEmpty: Bool { waitingCount == 0 }

    // MARK: What happens

    /// Notes outcomes that the present batch takes in.
    /// - Parameter minute: in which the calls ended.
    mutating func add(_ outcome: Outcome, count: Int, isSlow: Bool, breakerID: Int64, minute: Minute) {
        guard count > 0 else { return }
        let key = Key(minute: minute, breakerID: breakerID)
        additions.append(Addition(key: key, outcome: outcome, count: Int64(count), isSlow: isSlow))
    }

    /// Notes what was decided, beside any batch.
    mutating func add(_ decisions: DecisionTally, breakerID: Int64, minute: Minute) {
        change(Key(minute: minute, breakerID: breakerID)) { $0 += decisions.calls }
    }

    private mutating func change(_ key: Key, _ body: (inout CallTally) -> Void) {
        if waiting[key.minute]?[key.breakerID] == nil { waitingCount += 1 }
        body(&waiting[key.minute, default: [:]][key.breakerID, default: CallTally()])
    }

    /// What waits of a breaker.
    func calls(of breakerID: Int64, in steps: CallHistory.Steps) -> [(minute: Minute, tally: CallTally)] {
        waiting.compactMap { minute, tallies in
            guard steps.first <= minute, minute < steps.end, let tally = tallies[breakerID] else { return nil }
            return (minute, tally)
        }
    }

    // MARK: A batch

    /// What is to be stored with the present batch: of what waits, the oldest. In order of minute and breaker, which is how
    /// a store writes it fastest.
    ///
    /// - Parameters:
    ///   - deleted: breakers of which nothing is kept.
    ///   - takesWaiting: whether what waits comes along.
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

    /// The batch is stored, and with it what it took along.
    mutating func stored() {
        if let (minute, breakerIDs) = takenAlong {
            for id in breakerIDs { waiting[minute]?[id] = nil }
            waitingCount -= breakerIDs.count
            if waiting[minute]?.isEmpty == true { waiting[minute] = nil }
        }
        forgetBatch()
    }

    /// The batch changed nothing that had to be stored. What it reports waits, unless too much does.
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

extension DecisionTally {
    /// The same, as a part of what became of calls.
    var calls: CallTally {
        var calls = CallTally()
        calls.allowed = Int64(allowed)
        calls.denied = Int64(denied)
        return calls
    }
}
