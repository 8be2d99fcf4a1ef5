/// A breaker's calls over time, in consecutive steps of equal length.
package struct CallHistory: Hashable, Sendable {
    /// Consecutive steps of time. Each step begins at a multiple of its length since the Unix epoch.
    package struct Steps: Hashable, Sendable {
        package let first: Minute
        /// The length of a step in minutes.
        package let length: Int64
        package let count: Int

        /// The steps that contain any instant from `from`, inclusive, to `to`, exclusive.
        ///
        /// - Parameters:
        ///   - to: later than `from`.
        ///   - length: the length of a step in minutes, at least 1.
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

        /// `count` steps, the last of which contains `now` and need not be over.
        package init(endingAt now: Instant, length: Int64, count: Int) {
            let next = now.advanced(byMilliseconds: 1)
            let whole = Int64(count - 1) * length * Minute.milliseconds
            self.init(from: now.advanced(byMilliseconds: -whole), to: next, length: length)
        }

        /// The first minute after the last step.
        package var end: Minute { Minute(first.number + Int64(count) * length) }

        package func start(of step: Int) -> Instant { Minute(first.number + Int64(step) * length).start }
    }

    package let steps: Steps
    /// One tally for each step, oldest first.
    package private(set) var tallies: [CallTally]

    /// Creates a history without calls.
    package init(_ steps: Steps) {
        self.steps = steps
        tallies = Array(repeating: CallTally(), count: steps.count)
    }

    /// Adds the tally of a minute, unless the minute is outside the steps.
    package mutating func add(_ tally: CallTally, at minute: Minute) {
        guard steps.first <= minute, minute < steps.end else { return }
        tallies[Int((minute.number - steps.first.number) / steps.length)] += tally
    }
}
