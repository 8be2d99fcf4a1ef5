import Logging
import NIOConcurrencyHelpers
import Synchronization

extension Fusebox {
    /// - Parameter decided: whether it was what it was asked for.
    func serverAnswered(decided: Bool = false) {
        guard reachability.withLockedValue({ $0.succeeded(decided: decided) }) == .returned else { return }
        for entry in panel.entries { entry.state.withLockedValue { $0.standIn = nil } }
        let statistics = statistics
        logger.notice(
            "fusebox is back",
            metadata: [
                "url": "\(client.url)",
                "decided_without": "\(statistics.decisions.fallback.allowed + statistics.decisions.fallback.denied)",
                "waiting_outcomes": "\(statistics.waitingOutcomes)",
                "dropped_outcomes": "\(statistics.droppedOutcomes)",
            ]
        )
    }

    /// It is there, and does not decide: of a wrong token, say.
    func serverRefused(_ error: FuseboxError, _ entry: BreakerEntry) {
        serverAnswered()
        guard reachability.withLockedValue({ $0.refused() }) else { return }
        logger.error("fusebox gives no decision", metadata: ["breaker": "\(entry.name)", "error": "\(error)"])
    }

    func serverFailed(_ error: any Error) {
        let nowNs = clock.nowNs()
        var random = SystemRandomNumberGenerator()
        guard reachability.withLockedValue({ $0.failed(atNs: nowNs, random: &random) }) == .left else { return }
        logger.warning(
            "fusebox is away",
            metadata: [
                "url": "\(client.url)",
                "unreachable": "\(configuration.unreachable.rawValue)",
                "error": "\(error)",
            ]
        )
    }
}
