extension Breaker {
    /// A phase in the form in which a store keeps it: plain values, one for each column. A store keeps the rest of a
    /// breaker as it is.
    package struct StoredPhase: Hashable, Sendable {
        package var state: State
        package var openUntil: Instant?
        package var consecutiveFailures: UInt32 = 0
        package var lastSuccessMs: Int64 = 0
        package var lastFailureMs: Int64 = 0
        /// The window of a closed breaker, in a format that only this module reads.
        package var window: [UInt8] = []
        package var leases: [Lease] = []
        package var probeSuccesses: UInt32 = 0

        package init(_ state: State) {
            self.state = state
        }
    }
}

extension Breaker.Phase {
    package var stored: Breaker.StoredPhase {
        switch self {
        case .closed(let closed):
            var stored = Breaker.StoredPhase(.closed)
            stored.consecutiveFailures = closed.streak
            stored.lastSuccessMs = closed.lastSuccessMs
            stored.lastFailureMs = closed.lastFailureMs
            stored.window = closed.window.bytes
            return stored
        case .open(let until):
            var stored = Breaker.StoredPhase(.open)
            stored.openUntil = until
            return stored
        case .halfOpen(let halfOpen):
            var stored = Breaker.StoredPhase(.halfOpen)
            stored.leases = halfOpen.leases
            stored.probeSuccesses = halfOpen.successes
            return stored
        }
    }

    /// - Returns: `nil` if the window is damaged.
    package init?(_ stored: Breaker.StoredPhase, policy: Policy) {
        switch stored.state {
        case .closed:
            guard let window = Window(stored.window, for: policy) else { return nil }
            self = .closed(
                Breaker.Closed(
                    streak: stored.consecutiveFailures,
                    lastSuccessMs: stored.lastSuccessMs,
                    lastFailureMs: stored.lastFailureMs,
                    window: window
                )
            )
        case .open: self = .open(until: stored.openUntil)
        case .halfOpen: self = .halfOpen(Breaker.HalfOpen(leases: stored.leases, successes: stored.probeSuccesses))
        }
    }
}
