package import BreakerCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Wall time taken once, at the start, and carried on by a clock that nobody sets: a step of the system's clock moves
/// no deadline.
///
/// `ContinuousClock` is CLOCK_BOOTTIME on Linux: it runs on while the machine is suspended.
package struct AnchoredClock: ServerClock {
    private let anchor: Instant
    private let elapsedMs: @Sendable () -> Int64

    /// - Parameters:
    ///   - wall: the wall clock; read once.
    ///   - elapsedMs: milliseconds since the clock was made; never falls.
    package init(wall: () -> Instant, elapsedMs: @escaping @Sendable () -> Int64) {
        self.anchor = wall()
        self.elapsedMs = elapsedMs
    }

    /// A clock of this machine.
    package init() {
        let start = ContinuousClock.now
        self.init(wall: Self.wallClock) {
            let (seconds, attoseconds) = (ContinuousClock.now - start).components
            return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        }
    }

    package func now() -> Instant {
        anchor.advanced(byMilliseconds: elapsedMs())
    }

    private static func wallClock() -> Instant {
        var time = timespec()
        let result = clock_gettime(CLOCK_REALTIME, &time)
        precondition(result == 0, "CLOCK_REALTIME cannot be read: errno \(errno)")
        return Instant(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
