/// A point in time: milliseconds since the Unix epoch, on the server's clock.
package struct Instant: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Later than any instant that a clock can show; means "never".
    package static let distantFuture = Instant(milliseconds: .max)

    package static func < (left: Instant, right: Instant) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The instant `milliseconds` later; ``distantFuture`` if the sum overflows.
    package func advanced(byMilliseconds milliseconds: Int64) -> Instant {
        let (sum, overflow) = self.milliseconds.addingReportingOverflow(milliseconds)
        return overflow ? .distantFuture : Instant(milliseconds: sum)
    }

    /// Milliseconds from this instant to `other`; negative if `other` is earlier.
    package func milliseconds(until other: Instant) -> Int64 {
        other.milliseconds.subtractingReportingOverflow(milliseconds).partialValue
    }
}
