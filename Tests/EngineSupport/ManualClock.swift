package import BreakerCore
import BreakerEngine
import NIOConcurrencyHelpers

/// A server's clock on a system clock that the test controls.
package final class ManualClock: ServerClock {
    private let wall: NIOLockedValueBox<Instant>
    private let elapsedMs: NIOLockedValueBox<Int64>
    private let clock: AnchoredClock

    /// 2026-01-01 00:00:00 UTC.
    package static let start = Instant(milliseconds: 1_767_225_600_000)

    package init(_ start: Instant = start) {
        let (wall, elapsedMs) = (NIOLockedValueBox(start), NIOLockedValueBox<Int64>(0))
        (self.wall, self.elapsedMs) = (wall, elapsedMs)
        clock = AnchoredClock(wall: { wall.withLockedValue { $0 } }, elapsedMs: { elapsedMs.withLockedValue { $0 } })
    }

    /// Lets time pass.
    package func advance(byMs milliseconds: Int64) {
        elapsedMs.withLockedValue { $0 += milliseconds }
        setSystemClock(byMs: milliseconds)
    }

    /// Sets the system's clock forward or back without time passing.
    package func setSystemClock(byMs milliseconds: Int64) {
        wall.withLockedValue { $0 = $0.advanced(byMilliseconds: milliseconds) }
    }

    /// The instant of the system's clock.
    package var systemClock: Instant { wall.withLockedValue { $0 } }

    package func now() -> Instant { clock.now() }
    package func uptimeMs() -> Int64 { clock.uptimeMs() }
    package func begin(notBefore instant: Instant) { clock.begin(notBefore: instant) }
    package func follow() -> Int64? { clock.follow() }
    package func step(byMs milliseconds: Int64) { clock.step(byMs: milliseconds) }
}
