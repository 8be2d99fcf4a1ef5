package import BreakerCore

/// The only clock of a server.
package protocol ServerClock: Sendable {
    /// The current instant. It decreases only in ``step(byMs:)``.
    func now() -> Instant

    /// Milliseconds since the clock was made. The value never decreases and has no steps, so waits are measured by it.
    func uptimeMs() -> Int64

    /// Makes the clock show `instant` or later from this call on, so that the time until each deadline does not change.
    func begin(notBefore instant: Instant)

    /// Follows the system's clock, unless that was set by more than a minute.
    /// - Returns: the difference in milliseconds if it is above a minute and was not followed; otherwise `nil`.
    func follow() -> Int64?

    /// Takes a step that ``follow()`` returned. Every deadline has to be moved by the same amount.
    func step(byMs milliseconds: Int64)
}
