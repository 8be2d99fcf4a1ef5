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
        for start in stride(from: 0, to: views.count, by: Self.breakersAtATime) {
            let some = Array(views[start..<min(start + Self.breakersAtATime, views.count)])
            // What is not stored yet is asked for behind what is: what is stored in between is missed for once, and nothing
            // is counted twice. The panel is read on the writer's thread, for there it is collected.
            let unstored = try await writer.read { [panel] working, _ throws(EngineError) in
                let counted = panel.uncollected(some.map(\.breaker.name))
                return zip(some, counted).map { working.unstoredCalls(of: $0.breaker.id, beside: $1, in: steps) }
            }
            for (index, calls) in unstored.enumerated() {
                for (minute, tally) in calls { histories[start + index].add(tally, at: minute) }
            }
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
