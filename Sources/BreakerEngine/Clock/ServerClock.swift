package import BreakerCore

/// The only clock of a server.
package protocol ServerClock: Sendable {
    /// The present instant. It falls only by ``step(byMs:)``.
    func now() -> Instant

    /// Milliseconds since the clock was made. It never falls and knows no steps, so that what waits is measured by it.
    func uptimeMs() -> Int64

    /// Shows `instant` or later from now on, so that deadlines keep their distance.
    func begin(notBefore instant: Instant)

    /// Follows the system's clock where that was set a little.
    /// - Returns: the difference in milliseconds, where it is above a minute and was not followed; else `nil`.
    func follow() -> Int64?

    /// Takes a step that ``follow()`` told of. Every deadline has to take it too.
    func step(byMs milliseconds: Int64)
}
