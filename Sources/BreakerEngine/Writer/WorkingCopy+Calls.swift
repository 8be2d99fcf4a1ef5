import BreakerCore

extension WorkingCopy {
    /// Whether decisions were counted in a minute that is over.
    func isMinuteOver(at now: Instant) -> Bool { countingSince != Minute(of: now) }

    /// Takes in what the panel counted since the last time. It belongs to the minute in which the counting began: whoever
    /// calls this does so as soon as a minute is over.
    /// - Parameter decisions: takes what was counted from the panel; not called where too much waits already, so that the
    ///   panel goes on counting.
    mutating func collect(_ decisions: () -> [(name: BreakerName, tally: DecisionTally)], at now: Instant) {
        guard !unstored.isFull else { return }
        for (name, tally) in decisions() {
            guard let place = place(of: name) else { continue }
            unstored.add(tally, breakerID: self[place].id, minute: countingSince)
        }
        countingSince = Minute(of: now)
    }

    /// What is not stored yet of a breaker.
    /// - Parameter counted: what the panel counted and nobody collected.
    func unstoredCalls(
        of breakerID: Int64,
        beside counted: DecisionTally,
        in steps: CallHistory.Steps
    ) -> [(minute: Minute, tally: CallTally)] {
        unstored.calls(of: breakerID, in: steps) + [(countingSince, counted.calls)]
    }
}
