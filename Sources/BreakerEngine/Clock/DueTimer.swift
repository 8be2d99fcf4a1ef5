import BreakerCore
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// Calls when the next breaker is due. It may call in vain, and late; never is a due change only made by it.
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

    /// Says when the next breaker is due; `nil` for never.
    func arm(_ due: Instant?, at now: Instant) {
        let outdated = state.withLockedValue { state -> Scheduled<Void>? in
            guard let fire = state.fire, state.armedFor != due else { return nil }
            let outdated = state.scheduled
            state.armedFor = due
            state.scheduled = due.map { due in
                // One millisecond at least, so that a breaker whose change cannot be stored does not spin.
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

    /// A day: far below what a timer can count, and whatever is due later is asked for again then.
    private static let longestDelayMs: Int64 = 86_400_000
}
