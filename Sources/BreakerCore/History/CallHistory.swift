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

/// The number of a breaker's applied outcomes and of its decisions within a period.
package struct CallTally: Hashable, Sendable {
    package var successes: Int64 = 0
    package var failures: Int64 = 0
    /// The number of successes and failures that took `slow_call_ms` or longer.
    package var slow: Int64 = 0
    package var ignored: Int64 = 0
    package var allowed: Int64 = 0
    package var denied: Int64 = 0

    package init() {}

    package mutating func add(_ outcome: Outcome, count: Int64, isSlow: Bool) {
        switch outcome {
        case .success: successes += count
        case .failure: failures += count
        case .ignored: ignored += count
        }
        if isSlow, outcome != .ignored { slow += count }
    }

    package static func += (left: inout CallTally, right: CallTally) {
        left.successes += right.successes
        left.failures += right.failures
        left.slow += right.slow
        left.ignored += right.ignored
        left.allowed += right.allowed
        left.denied += right.denied
    }
}

/// A minute of the server's clock, counted from the Unix epoch: 2026-01-01 00:00 is 29 453 760.
package struct Minute: Hashable, Comparable, Sendable {
    package static let milliseconds: Int64 = 60_000

    package var number: Int64

    package init(_ number: Int64) {
        self.number = number
    }

    /// The minute that contains `instant`.
    package init(of instant: Instant) {
        number = CivilDate.divide(instant.milliseconds, by: Self.milliseconds).quotient
    }

    /// The instant at which the minute begins.
    package var start: Instant { Instant(milliseconds: number * Self.milliseconds) }

    package static func < (left: Minute, right: Minute) -> Bool { left.number < right.number }
}
