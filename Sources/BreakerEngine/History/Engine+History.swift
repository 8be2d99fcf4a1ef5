package import BreakerCore
import BreakerStorage

extension Engine {
    /// What became of a breaker's calls over time, up to this moment.
    /// - Throws: ``EngineError/Code/unknownBreaker``.
    package func history(of name: BreakerName, in steps: CallHistory.Steps) async throws(EngineError) -> CallHistory {
        try await histories(of: [breaker(name)], in: steps)[0]
    }

    /// As ``history(of:in:)``, of many breakers, in the same order.
    package func histories(
        of views: [BreakerView],
        in steps: CallHistory.Steps
    ) async throws(EngineError) -> [CallHistory] {
        let ids = views.map(\.breaker.id)
        var histories = try await read { [reader] in try reader.calls(ofBreakers: ids, in: steps) }
        // What is not stored yet is asked for behind what is: what is stored in between is missed for once, and nothing
        // is counted twice.
        let counted = panel.uncollected(views.map(\.breaker.name))
        let unstored = try await writer.read { working, _ throws(EngineError) in
            (working.countingSince, ids.map { working.unstoredCalls(of: $0, in: steps) })
        }
        for index in histories.indices {
            for (minute, tally) in unstored.1[index] { histories[index].add(tally, at: minute) }
            histories[index].add(counted[index].calls, at: unstored.0)
        }
        return histories
    }

    /// The failures of a breaker that are kept, grouped.
    /// - Parameter to: the first instant that is not in it.
    /// - Throws: ``EngineError/Code/unknownBreaker``.
    package func failureSummary(
        of name: BreakerName,
        from: Instant,
        to: Instant
    ) async throws(EngineError) -> FailureSummary {
        let id = try await breaker(name).breaker.id
        let failures = try await read { [reader] in try reader.failures(ofBreaker: id, from: from, to: to) }
        return FailureSummary(of: failures)
    }
}
