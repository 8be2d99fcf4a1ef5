package import BreakerCore

extension Engine {
    /// Asks whether a call may go through if its outcome will not be reported. No probe is granted, because it would be
    /// lost.
    /// - Throws: an ``EngineError`` if there is no decision.
    package func acquireWithoutProbe(
        _ name: BreakerName,
        from client: Client = .server
    ) async throws(EngineError) -> Decision {
        if let decision = panel.decision(for: name, at: clock.now(), mayProbe: false) { return decision }
        let decision = try await change(from: client) { working, _ throws(EngineError) in
            let known = working.index(of: name)
            let index = if let known { known } else { try working.create(name, for: client) }
            return working.event(at: index) { breaker, now, journal in
                (breaker.acquireWithoutProbe(at: now, journal: &journal), changed: false)
            }
        }
        panel.count(decision, for: name)
        return decision
    }
}
