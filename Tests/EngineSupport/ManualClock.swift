package import BreakerCore
import BreakerEngine
import NIOConcurrencyHelpers

/// A server's clock that a test moves.
package final class ManualClock: ServerClock {
    private let instant: NIOLockedValueBox<Instant>

    /// 2026-01-01 00:00:00 UTC.
    package static let start = Instant(milliseconds: 1_767_225_600_000)

    package init(_ start: Instant = start) {
        instant = NIOLockedValueBox(start)
    }

    package func now() -> Instant { instant.withLockedValue { $0 } }

    package func advance(byMs milliseconds: Int64) {
        instant.withLockedValue { $0 = $0.advanced(byMilliseconds: milliseconds) }
    }
}
