package import BreakerCore
import BreakerStorage

extension Engine {
    /// The history of a breaker's calls, including those that are not stored yet.
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
            // Unstored calls are read after stored ones. Calls that are stored in between are missed this time, but no
            // call is counted twice. The panel is read on the writer's thread, because that thread collects its counts.
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

    /// The stored failures of a breaker, grouped.
    /// - Parameter to: the first instant that is not included.
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
