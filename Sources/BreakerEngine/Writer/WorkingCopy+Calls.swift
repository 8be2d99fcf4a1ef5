import BreakerCore

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
