import BreakerAPI
import BreakerCore

/// A breaker as the stream told of it, its instants on this process's clock.
struct LocalImage: Hashable, Sendable {
    struct Order: Hashable, Sendable {
        var mode: Override.Mode
        /// `nil` where it stands until it is cleared.
        var untilNs: Int64?
    }

    var state: BreakerState
    var generation: Int64
    /// When the recovery timeout ends; `nil` unless it runs.
    var openUntilNs: Int64?
    var override: Order?
    var policyRevision: Int64

    /// - Returns: `nil` for a state or an order of a later version: the server decides then.
    init?(_ standing: StandingDocument, times: ServerTimes) {
        guard let state = BreakerState(rawValue: standing.state) else { return nil }
        self.state = state
        generation = standing.generation
        policyRevision = standing.policyRevision
        openUntilNs = standing.openUntil.flatMap(times.localNs)
        guard let override = standing.override else { return }
        guard let mode = Override.Mode(rawValue: override.mode) else { return nil }
        self.override = Order(mode: mode, untilNs: override.expiresAt.flatMap(times.localNs))
    }
}

/// How the server's clock relates to this process's.
struct ServerTimes: Hashable, Sendable {
    /// What is added to a server's instant to have this process's.
    private(set) var offsetNs: Int64

    /// - Parameters:
    ///   - text: the server's present instant, as it came.
    ///   - nowNs: when it came: later by what it was under way, so that nothing seems due before it is.
    init?(at text: String, nowNs: Int64) {
        guard let instant = Instant(timestamp: text) else { return nil }
        offsetNs = nowNs - instant.milliseconds * nsPerMs
    }

    func localNs(_ text: String) -> Int64? {
        Instant(timestamp: text).map { $0.milliseconds * nsPerMs + offsetNs }
    }
}
