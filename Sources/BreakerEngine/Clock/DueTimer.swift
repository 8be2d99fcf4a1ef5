import BreakerCore
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

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
