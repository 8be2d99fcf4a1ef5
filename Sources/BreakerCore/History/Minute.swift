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
