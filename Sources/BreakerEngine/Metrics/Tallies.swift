package import BreakerCore

/// The outcomes that were reported to one breaker since the server started.
package struct ReportTally: Hashable, Sendable {
    package struct Outcomes: Hashable, Sendable {
        private var success: UInt64 = 0
        private var failure: UInt64 = 0
        private var ignored: UInt64 = 0

        package subscript(outcome: Outcome) -> UInt64 {
            get {
                switch outcome {
                case .success: success
                case .failure: failure
                case .ignored: ignored
                }
            }
            set {
                switch outcome {
                case .success: success = newValue
                case .failure: failure = newValue
                case .ignored: ignored = newValue
                }
            }
        }
    }

    /// The outcomes that the breaker counted.
    package var applied = Outcomes()
    /// The outcomes that changed nothing: stale, late, or reported to a breaker that was not closed.
    package var refused = Outcomes()
}

/// The tallies of all breakers of the working copy, by index, and the additions of the current batch. The additions of
/// a batch that fails do not count.
struct ReportTallies {
    private struct Addition {
        var index: Int
        var outcome: Outcome
        var applied: UInt32
        var refused: UInt32
    }

    private var tallies: [ReportTally]
    /// One for each report of the batch.
    private var additions: [Addition] = []
    /// The tallies of breakers that the batch deleted, by the breaker's number. They are kept because the batch may
    /// fail.
    private var deleted: [Int64: ReportTally] = [:]

    /// - Parameter count: how many breakers the working copy has.
    init(count: Int) {
        tallies = Array(repeating: ReportTally(), count: count)
    }

    /// The outcomes in committed batches.
    subscript(index: Int) -> ReportTally { tallies[index] }

    mutating func add(_ report: Report, answer: ReportAnswer, at index: Int) {
        additions.append(
            Addition(
                index: index,
                outcome: report.outcome,
                applied: UInt32(answer.counted),
                refused: UInt32(report.count - answer.counted)
            )
        )
    }

    // MARK: The end of a batch

    mutating func commitBatch() {
        for addition in additions {
            tallies[addition.index].applied[addition.outcome] += UInt64(addition.applied)
            tallies[addition.index].refused[addition.outcome] += UInt64(addition.refused)
        }
    }

    mutating func forgetBatch() {
        additions.removeAll(keepingCapacity: true)
        if !deleted.isEmpty { deleted = [:] }
    }

    // MARK: Adding and removing breakers of the working copy

    mutating func appendIndex() {
        tallies.append(ReportTally())
    }

    /// Keeps the tally of a breaker that is about to be deleted, until the batch ends.
    mutating func keep(_ index: Int, of breakerID: Int64) {
        deleted[breakerID] = tallies[index]
    }

    /// Restores the tally of a breaker whose deletion failed.
    mutating func restore(_ index: Int, of breakerID: Int64) {
        if let tally = deleted[breakerID] { tallies[index] = tally }
    }

    /// Removes the breaker at `index` of the working copy. The last breaker moves to this index.
    mutating func swapRemoveIndex(_ index: Int) {
        let last = tallies.count - 1
        tallies.swapAt(index, last)
        tallies.removeLast()
        additions.removeAll { $0.index == index }
        if index != last {
            for position in additions.indices where additions[position].index == last {
                additions[position].index = index
            }
        }
    }
}

/// How often a breaker changed to a state, for one cause, since the server started.
package struct TransitionTally: Hashable, Sendable {
    package var to: State
    package var cause: Cause
    package var count: UInt64

    package init(to: State, cause: Cause, count: UInt64) {
        self.to = to
        self.cause = cause
        self.count = count
    }
}

/// The tallies of all breakers that had transitions. Few breakers have any at a time, so the tallies are kept by the
/// breaker's number.
struct TransitionTallies {
    private var tallies: [Int64: [TransitionTally]] = [:]

    /// The tallies of a breaker, in the order in which each occurred first.
    subscript(breakerID: Int64) -> [TransitionTally] { tallies[breakerID] ?? [] }

    /// Adds the transitions of a committed batch.
    mutating func add(_ changes: [Journal.Change]) {
        for change in changes {
            switch change.kind {
            case .transition(let transition): add(transition, of: change.breakerID)
            case .deleted: tallies[change.breakerID] = nil
            case .created, .policyChanged: break
            }
        }
    }

    private mutating func add(_ transition: Transition, of breakerID: Int64) {
        let (to, cause) = (transition.to, transition.cause)
        if let index = tallies[breakerID]?.firstIndex(where: { $0.to == to && $0.cause == cause }) {
            tallies[breakerID]?[index].count += 1
        } else {
            tallies[breakerID, default: []].append(TransitionTally(to: to, cause: cause, count: 1))
        }
    }
}
