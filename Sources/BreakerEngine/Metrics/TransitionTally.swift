package import BreakerCore

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
