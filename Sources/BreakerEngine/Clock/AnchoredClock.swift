package import BreakerCore
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Platform

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

/// Wall time that advances with a clock that cannot be set, so that a step of the system's clock moves no deadline.
///
/// A step of up to a minute is followed slowly. ``step(byMs:)`` takes a longer step at once; the writer then moves
/// every deadline by the same amount.
///
/// `ContinuousClock` is CLOCK_BOOTTIME on Linux: it keeps running while the machine is suspended.
package final class AnchoredClock: ServerClock {
    /// The instant that the clock shows, as a function of the uptime.
    private struct Course {
        /// The instant at an uptime of `startMs`.
        var anchor: Instant
        var startMs: Int64
        /// How much the clock gains from there on, a little at a time; negative if it loses.
        var correctionMs: Int64 = 0

        func now(at uptimeMs: Int64) -> Instant {
            let passedMs = max(0, uptimeMs - startMs)
            let mostMs = passedMs / AnchoredClock.msPerCorrectedMs
            return anchor.advanced(byMilliseconds: passedMs + min(max(correctionMs, -mostMs), mostMs))
        }
    }

    /// How many milliseconds pass for each one that is corrected: 5 ms are corrected per second, so no duration is
    /// longer or shorter by more than half a percent.
    static let msPerCorrectedMs: Int64 = 200
    /// A minute. A larger difference is not corrected slowly, but in one step.
    static let longestCorrectionMs: Int64 = 60_000

    private let wall: @Sendable () -> Instant
    private let elapsedMs: @Sendable () -> Int64
    private let course: NIOLockedValueBox<Course>

    /// - Parameters:
    ///   - wall: the system's clock.
    ///   - elapsedMs: milliseconds since the clock was made; never decreases.
    package init(wall: @escaping @Sendable () -> Instant, elapsedMs: @escaping @Sendable () -> Int64) {
        self.wall = wall
        self.elapsedMs = elapsedMs
        course = NIOLockedValueBox(Course(anchor: wall(), startMs: elapsedMs()))
    }

    /// A clock of this machine.
    package convenience init() {
        let start = ContinuousClock.now
        self.init(wall: Self.wallClock) {
            let (seconds, attoseconds) = (ContinuousClock.now - start).components
            return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        }
    }

    package func now() -> Instant {
        let uptimeMs = elapsedMs()
        return course.withLockedValue { $0.now(at: uptimeMs) }
    }

    package func uptimeMs() -> Int64 { elapsedMs() }

    package func begin(notBefore instant: Instant) {
        anchor { max($0, instant) }
    }

    package func follow() -> Int64? {
        let (uptimeMs, wall) = (elapsedMs(), wall())
        return course.withLockedValue { course in
            let now = course.now(at: uptimeMs)
            let differenceMs = now.milliseconds(until: wall)
            guard differenceMs.magnitude <= Self.longestCorrectionMs else { return differenceMs }
            course = Course(anchor: now, startMs: uptimeMs, correctionMs: differenceMs)
            return nil
        }
    }

    package func step(byMs milliseconds: Int64) {
        anchor { $0.advanced(byMilliseconds: milliseconds) }
    }

    private func anchor(_ instant: (_ now: Instant) -> Instant) {
        let uptimeMs = elapsedMs()
        course.withLockedValue { $0 = Course(anchor: instant($0.now(at: uptimeMs)), startMs: uptimeMs) }
    }

    private static func wallClock() -> Instant {
        var time = timespec()
        let result = clock_gettime(CLOCK_REALTIME, &time)
        precondition(result == 0, "CLOCK_REALTIME cannot be read: errno \(errno)")
        return Instant(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// Measures a duration for display only: nothing is decided by it.
struct Stopwatch {
    private let start = ContinuousClock.now

    var elapsed: Duration { ContinuousClock.now - start }
}

/// Calls a function when the next breaker is due. The call may be needless or late; no due change depends on it alone.
final class DueTimer: Sendable {
    private struct State {
        var armedFor: Instant?
        var scheduled: Scheduled<Void>?
        var fire: (@Sendable () -> Void)?
    }

    private let eventLoop: any EventLoop
    private let state = NIOLockedValueBox(State())

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func start(_ fire: @escaping @Sendable () -> Void) {
        state.withLockedValue { $0.fire = fire }
    }

    /// Sets when the next breaker is due; `nil` for never.
    func arm(_ due: Instant?, at now: Instant) {
        let outdated = state.withLockedValue { state -> Scheduled<Void>? in
            guard let fire = state.fire, state.armedFor != due else { return nil }
            let outdated = state.scheduled
            state.armedFor = due
            state.scheduled = due.map { due in
                // At least one millisecond, so that a change that cannot be stored does not make the timer spin.
                let delay = max(1, min(now.milliseconds(until: due), Self.longestDelayMs))
                return eventLoop.scheduleTask(in: .milliseconds(delay)) { [weak self] in
                    self?.state.withLockedValue { $0.armedFor = nil }
                    fire()
                }
            }
            return outdated
        }
        outdated?.cancel()
    }

    func stop() {
        let scheduled = state.withLockedValue { state in
            defer { state = State() }
            return state.scheduled
        }
        scheduled?.cancel()
    }

    /// A day, which is far below the longest delay of a timer. If the next breaker is due later, the timer fires early
    /// and is armed again.
    private static let longestDelayMs: Int64 = 86_400_000
}
