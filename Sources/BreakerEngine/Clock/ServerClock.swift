package import BreakerCore

/// The only clock of a server. It never falls.
package protocol ServerClock: Sendable {
    func now() -> Instant
}
