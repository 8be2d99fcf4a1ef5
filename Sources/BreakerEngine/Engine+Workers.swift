package import BreakerCore

/// Acquires and reports of workers.
extension Engine {
    package typealias Reply<Value> = @Sendable (Result<Value, EngineError>) -> Void

    /// Asks whether a call may go through.
    ///
    /// - Parameters:
    ///   - client: the worker that asks.
    ///   - creates: whether an unknown breaker is created; if not, it is an ``EngineError/Code/unknownBreaker``.
    ///   - reply: called once if the decision is pending: on the writer's thread, or on any thread if the command is
    ///     refused. It is called at once if the queue is full or closed.
    /// - Returns: the decision if nothing has to be stored; `nil` if the decision is pending.
    package func acquire(
        _ name: BreakerName,
        from client: Client = .server,
        creates: Bool = true,
        reply: @escaping Reply<Decision>
    ) -> Decision? {
        if let decision = panel.decision(for: name, at: clock.now()) { return decision }
        submit(
            .acquire(name, creates: creates) { [panel] result in
                if case .success(let decision) = result { panel.count(decision, for: name) }
                reply(result)
            },
            from: client
        )
        return nil
    }

    /// Takes a worker's report of a finished call.
    ///
    /// - Parameters:
    ///   - client: the worker that reports.
    ///   - reply: called once: on the writer's thread when the report is stored, or on any thread if it is refused.
    package func report(
        _ report: Report,
        to name: BreakerName,
        from client: Client = .server,
        reply: @escaping Reply<ReportAnswer>
    ) {
        submit(.report(name, report, reply), from: client, weight: Self.weight(ofOutcomes: report.count))
    }

    /// The weight of a report. Its outcomes are applied in a loop, and 64 of them take as long as one command.
    static func weight(ofOutcomes count: Int) -> Int { 1 + count / 64 }
}

// MARK: For callers that can wait

extension Engine {
    package func acquire(
        _ name: BreakerName,
        from client: Client = .server,
        creates: Bool = true
    ) async throws(EngineError) -> Decision {
        try await waitForReply { reply in
            if let decision = acquire(name, from: client, creates: creates, reply: reply) { reply(.success(decision)) }
        }
    }

    package func report(_ report: Report, to name: BreakerName) async throws(EngineError) -> ReportAnswer {
        try await waitForReply { self.report(report, to: name, reply: $0) }
    }

    /// Waits for the reply to a command. Cancellation does not end the wait: a queued command is carried out and
    /// answered.
    func waitForReply<Value: Sendable>(_ ask: (@escaping Reply<Value>) -> Void) async throws(EngineError) -> Value {
        let result: Result<Value, EngineError> = await withCheckedContinuation { continuation in
            ask { continuation.resume(returning: $0) }
        }
        return try result.get()
    }
}

/// Decisions for one breaker that a client made itself, without the server.
package struct ClientDecisions: Sendable {
    package var name: BreakerName
    package var counts: DecisionCounts
    /// The time since the decisions, in milliseconds.
    package var ageMs: Int64

    package init(name: BreakerName, counts: DecisionCounts, ageMs: Int64 = 0) {
        self.name = name
        self.counts = counts
        self.ageMs = ageMs
    }

    func minute(at now: Instant) -> Minute { Minute(of: now.advanced(byMilliseconds: -ageMs)) }
}

extension Engine {
    /// Counts decisions that a client made itself, in the totals and in the minute in which they were made. They change
    /// no breaker.
    /// - Returns: for each item, whether its breaker exists.
    /// - Throws: an ``EngineError`` if some of the decisions are of an earlier minute and the writer cannot take them.
    ///   Then none are in the totals.
    package func count(
        _ decisions: [ClientDecisions],
        from client: Client = .server
    ) async throws(EngineError) -> [Bool] {
        let now = clock.now()
        let minute = Minute(of: now)
        let earlier = decisions.filter { $0.minute(at: now) < minute }
        if !earlier.isEmpty {
            try await change(from: client, weight: Self.weight(ofOutcomes: earlier.count)) { working, _ in
                working.count(earlier, at: now)
            }
        }
        return decisions.map { item in
            panel.count(item.counts, for: item.name, at: now, isCollected: item.minute(at: now) < minute)
        }
    }
}

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
