package import BreakerCore
package import BreakerStorage
package import BreakerText
import Logging

/// A breaker as of one instant, after every change that is due.
package struct BreakerView: Sendable {
    package var breaker: Breaker
    package var at: Instant
    package var lastSeenAt: Instant?
    /// The decisions since the server started.
    package var decisions = DecisionCounts()
}

extension WorkingCopy {
    /// The breaker as of `now`, including due transitions that are not stored yet.
    func view(of name: BreakerName, at now: Instant) throws(EngineError) -> BreakerView {
        guard let breaker = self[name] else { throw .unknown(name) }
        return BreakerView(breaker: breaker.preview(at: now), at: now)
    }
}

// MARK: Reads by operators

extension Engine {
    /// - Throws: ``EngineError/Code/unknownBreaker``.
    package func breaker(_ name: BreakerName) async throws(EngineError) -> BreakerView {
        let view = try await writer.read { working, now throws(EngineError) in
            try working.view(of: name, at: now)
        }
        return seen([view])[0]
    }

    /// How many breakers are read between two batches: a fraction of a millisecond of the writer's time.
    static let breakersAtATime = 500

    /// The values that `body` returns for the breakers with these names. Names without a breaker are left out.
    /// - Throws: ``EngineError/Code/storageUnavailable``.
    func read<Value: Sendable>(
        _ names: [BreakerName],
        _ body: @escaping @Sendable (WorkingCopy, _ index: Int, Instant) -> Value
    ) async throws(EngineError) -> [Value] {
        var values: [Value] = []
        for start in stride(from: 0, to: names.count, by: Self.breakersAtATime) {
            if Task.isCancelled { throw .cancelled }
            let some = names[start..<min(start + Self.breakersAtATime, names.count)]
            values += try await writer.read { working, now throws(EngineError) in
                some.compactMap { name in working.index(of: name).map { body(working, $0, now) } }
            }
        }
        return values
    }

    func seen(_ views: [BreakerView]) -> [BreakerView] {
        let names = views.map(\.breaker.name)
        let (instants, decisions) = (panel.lastSeen(names), panel.decisions(names))
        var views = views
        for index in views.indices {
            views[index].lastSeenAt = instants[index]
            views[index].decisions = decisions[index]
        }
        return views
    }

    /// The failure log of a breaker, newest first: `limit` failures, and one more if there are more.
    package func failures(
        of name: BreakerName,
        before number: Int64?,
        limit: Int
    ) async throws(EngineError) -> [Failure] {
        let id = try await breaker(name).breaker.id
        return try await read { [reader] in
            try reader.failures(ofBreaker: id, before: number, limit: limit + 1)
        }
    }

    /// The transitions of one breaker, newest first: `limit` transitions, and one more if there are more.
    package func transitions(
        of name: BreakerName,
        before revision: Int64?,
        limit: Int
    ) async throws(EngineError) -> [Transition] {
        let id = try await breaker(name).breaker.id
        return try await read { [reader] in
            try reader.transitions(ofBreaker: id, visible: .all, before: revision, limit: limit + 1).map(\.transition)
        }
    }

    /// As ``transitions(of:before:limit:)``, of all breakers that are visible to a client.
    package func transitions(
        visible scope: NameScope,
        before revision: Int64?,
        limit: Int
    ) async throws(EngineError) -> [(name: BreakerName, transition: Transition)] {
        try await read { [reader] in
            try reader.transitions(ofBreaker: nil, visible: scope, before: revision, limit: limit + 1)
        }.map { ($0.name, $0.transition) }
    }

    /// Writes a consistent, checked copy of the store into a file without a name, and logs it.
    /// - Parameter author: for the log.
    package func backUp(for author: Author) async throws(EngineError) -> OpenFile {
        let copy = try await read { [reader] in try reader.backUp() }
        logger.notice(
            "A backup was made",
            metadata: [
                "actor": "\(author.actor)",
                "address": "\(author.address ?? "-")",
                "bytes": "\(copy.length.map(String.init) ?? "-")",
            ]
        )
        return copy
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws(EngineError) -> Value {
        try await storeTurns.run { () throws(EngineError) in
            do {
                return try await onReaderThread(body)
            } catch is CancellationError {
                throw .cancelled
            } catch {
                logger.error("A read of the store failed", metadata: ["error": "\(error)"])
                throw EngineError(.storageUnavailable, "the store could not be read")
            }
        }
    }

    /// The audit entries, newest first: `limit` entries, and one more if there are more.
    /// - Parameter revision: only entries before it; `nil` for the newest.
    package func audit(
        _ filter: AuditFilter,
        before revision: Int64?,
        limit: Int
    ) async throws(EngineError) -> [AuditEntry] {
        try await read { [reader] in try reader.audit(filter, before: revision, limit: limit + 1) }
    }

    /// Explains why a breaker is in its state, and what comes next.
    /// - Throws: ``EngineError/Code/unknownBreaker``.
    package func explanation(of name: BreakerName) async throws(EngineError) -> Explanation {
        let view = try await breaker(name)
        let id = view.breaker.id
        let (transitions, failures) = try await read { [reader] in
            (
                try reader.transitions(
                    ofBreaker: id,
                    visible: .all,
                    before: nil,
                    limit: Explanation.transitionLimit
                ),
                try reader.failures(ofBreaker: id, before: nil, limit: Explanation.failureLimit)
            )
        }
        return Explanation(
            of: view.breaker,
            at: view.at,
            transitions: transitions.map(\.transition),
            failures: failures,
            refusedReports: refusedReports[name]
        )
    }

    // MARK: Histories

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
