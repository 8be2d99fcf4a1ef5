/// A breaker's calls over time, in steps of equal length without a gap.
package struct CallHistory: Hashable, Sendable {
    /// Whole steps of time: each begins at a multiple of its length since the Unix epoch.
    package struct Steps: Hashable, Sendable {
        package let first: Minute
        /// How many minutes a step has.
        package let length: Int64
        package let count: Int

        /// The steps that hold any instant from `from` up to, but without, `to`.
        ///
        /// - Parameters:
        ///   - to: behind `from`.
        ///   - length: the minutes of a step, 1 at least.
        package init(from: Instant, to: Instant, length: Int64) {
            precondition(from < to, "\(from) is not before \(to)")
            precondition(length >= 1, "a step of \(length) minutes has no length")
            let firstStep = CivilDate.divide(Minute(of: from).number, by: length).quotient
            let last = Minute(of: to.advanced(byMilliseconds: -1))
            let lastStep = CivilDate.divide(last.number, by: length).quotient
            first = Minute(firstStep * length)
            self.length = length
            count = Int(lastStep - firstStep) + 1
        }

        /// So many steps, the last of which holds `now`, whether it is over or not.
        package init(endingAt now: Instant, length: Int64, count: Int) {
            let next = now.advanced(byMilliseconds: 1)
            let whole = Int64(count - 1) * length * Minute.milliseconds
            self.init(from: now.advanced(byMilliseconds: -whole), to: next, length: length)
        }

        /// The first minute behind the last step.
        package var end: Minute { Minute(first.number + Int64(count) * length) }

        package func start(of step: Int) -> Instant { Minute(first.number + Int64(step) * length).start }
    }

    package let steps: Steps
    /// One for each step, the oldest first.
    package private(set) var tallies: [CallTally]

    /// Nothing has happened yet.
    package init(_ steps: Steps) {
        self.steps = steps
        tallies = Array(repeating: CallTally(), count: steps.count)
    }

    /// Takes in what happened in a minute, unless it lies outside.
    package mutating func add(_ tally: CallTally, at minute: Minute) {
        guard steps.first <= minute, minute < steps.end else { return }
        tallies[Int((minute.number - steps.first.number) / steps.length)] += tally
    }
}
