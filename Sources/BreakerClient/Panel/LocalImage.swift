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

    /// - Returns: `nil` for a state, an order or an instant that only a later version can read: the server decides then.
    init?(_ standing: StandingDocument, times: ServerTimes) {
        guard let state = BreakerState(rawValue: standing.state) else { return nil }
        self.state = state
        generation = standing.generation
        policyRevision = standing.policyRevision
        if let text = standing.openUntil {
            guard let openUntilNs = times.localNs(text) else { return nil }
            self.openUntilNs = openUntilNs
        }
        guard let override = standing.override else { return }
        guard let mode = Override.Mode(rawValue: override.mode) else { return nil }
        var order = Order(mode: mode)
        if let text = override.expiresAt {
            guard let untilNs = times.localNs(text) else { return nil }
            order.untilNs = untilNs
        }
        self.override = order
    }

    /// As far as a decision tells, which is all that is known where no stream does.
    /// - Parameter nowNs: when it was asked for.
    init(_ decision: CallDecision, atNs nowNs: Int64) {
        // One in shadow is as good as closed.
        state = decision.isAllowed && !decision.isProbe ? .closed : decision.state
        generation = 0
        policyRevision = 0
        guard !decision.isAllowed, decision.state == .open else { return }
        if decision.retryAfterNs >= 0 {
            openUntilNs = nowNs &+ decision.retryAfterNs
        } else {
            override = Order(mode: .forceOpen)
        }
    }

    /// As far as the answer to a report tells.
    init(answered state: BreakerState) {
        self.state = state
        generation = 0
        policyRevision = 0
    }

    /// Whether it is open, and only an answer told so, which does not say until when.
    var isEndUnknown: Bool {
        state == .open && openUntilNs == nil && (override == nil || override?.mode == .shadow)
    }

    /// The same, where the server's clock is known better.
    func moved(byNs difference: Int64) -> LocalImage {
        var image = self
        image.openUntilNs = openUntilNs.map { $0 &+ difference }
        image.override?.untilNs = override?.untilNs.map { $0 &+ difference }
        return image
    }

    /// Whether what stands in for the server by the one may go on where the stream tells of the other.
    static func sameToAStandIn(_ one: LocalImage?, _ other: LocalImage?) -> Bool {
        one?.generation == other?.generation && one?.override?.mode == other?.override?.mode
            && one?.policyRevision == other?.policyRevision
    }
}
