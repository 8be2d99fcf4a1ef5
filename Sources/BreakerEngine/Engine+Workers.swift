package import BreakerCore

/// What workers ask and say.
extension Engine {
    package typealias Reply<Value> = @Sendable (Result<Value, EngineError>) -> Void

    /// Asks whether a call may go through.
    ///
    /// - Parameters:
    ///   - client: the worker that asks.
    ///   - reply: called once where the decision is pending: on the writer's thread, or at once where the queue is full or
    ///     closed.
    /// - Returns: the decision, where nothing has to be stored; `nil` where it is pending.
    package func acquire(
        _ name: BreakerName,
        from client: Client = .server,
        reply: @escaping Reply<Decision>
    ) -> Decision? {
        if let decision = panel.decision(for: name, at: clock.now()) { return decision }
        submit(
            .acquire(name) { [panel] result in
                if case .success(let decision) = result { panel.count(decision, for: name) }
                reply(result)
            },
            from: client
        )
        return nil
    }

    /// Takes what a worker says of a finished call.
    ///
    /// - Parameters:
    ///   - client: the worker that reports.
    ///   - reply: called once, on the writer's thread, when the report is stored.
    package func report(
        _ report: Report,
        to name: BreakerName,
        from client: Client = .server,
        reply: @escaping Reply<ReportAnswer>
    ) {
        submit(.report(name, report, reply), from: client, weight: Self.weight(ofOutcomes: report.count))
    }

    /// Outcomes of one report are applied in a loop; so many take as long as a command of its own.
    static func weight(ofOutcomes count: Int) -> Int { 1 + count / 64 }
}

// MARK: For callers that can wait

extension Engine {
    package func acquire(
        _ name: BreakerName,
        from client: Client = .server
    ) async throws(EngineError) -> Decision {
        try await waitForReply { reply in
            if let decision = acquire(name, from: client, reply: reply) { reply(.success(decision)) }
        }
    }

    package func report(_ report: Report, to name: BreakerName) async throws(EngineError) -> ReportAnswer {
        try await waitForReply { self.report(report, to: name, reply: $0) }
    }

    /// Cancellation does not end the wait: what is queued is carried out, and answered.
    func waitForReply<Value: Sendable>(_ ask: (@escaping Reply<Value>) -> Void) async throws(EngineError) -> Value {
        let result: Result<Value, EngineError> = await withCheckedContinuation { continuation in
            ask { continuation.resume(returning: $0) }
        }
        return try result.get()
    }
}
