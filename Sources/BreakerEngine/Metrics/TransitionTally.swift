package import BreakerCore

/// How often breakers went to which state and why, since the server started.
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

/// The tallies of all breakers that moved. Few do at a time, so they are found by the breaker's number.
struct TransitionTallies {
    private var tallies: [Int64: [TransitionTally]] = [:]

    /// In the order in which each came first.
    subscript(breakerID: Int64) -> [TransitionTally] { tallies[breakerID] ?? [] }

    /// Takes in what was stored.
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
