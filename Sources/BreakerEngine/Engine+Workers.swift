package import BreakerCore

/// What workers ask and say.
extension Engine {
    package typealias Reply<Value> = @Sendable (Result<Value, EngineError>) -> Void

    /// The answer to an acquire as the panel has it; `nil` where the writer has to be asked.
    package func decision(for name: BreakerName) -> Decision? {
        panel.decision(for: name, at: clock.now())
    }

    /// Asks whether a call may go through.
    ///
    /// - Parameter reply: called once: at once where the panel has the answer, else on the writer's thread.
    package func acquire(_ name: BreakerName, reply: @escaping Reply<Decision>) {
        if let decision = decision(for: name) {
            reply(.success(decision))
        } else {
            submit(
                .acquire(name) { [panel] result in
                    if case .success(let decision) = result { panel.count(decision, for: name) }
                    reply(result)
                }
            )
        }
    }

    /// Takes what a worker says of a finished call.
    ///
    /// - Parameter reply: called once, on the writer's thread, when the report is stored.
    package func report(_ report: Report, to name: BreakerName, reply: @escaping Reply<ReportAnswer>) {
        submit(.report(name, report, reply), weight: Self.weight(ofOutcomes: report.count))
    }

    package struct AddressedReport: Sendable {
        package var name: BreakerName
        package var report: Report

        package init(name: BreakerName, report: Report) {
            self.name = name
            self.report = report
        }
    }

    /// Takes many reports in one transaction. Each has an answer of its own, in order.
    ///
    /// - Throws: an ``EngineError`` where the transaction as a whole is not stored.
    package func report(_ reports: [AddressedReport]) async throws(EngineError)
        -> [Result<ReportAnswer, EngineError>]
    {
        let outcomes = reports.reduce(0) { $0 + $1.report.count }
        let weight = reports.count + Self.weight(ofOutcomes: outcomes)
        return try await change(weight: weight) { working, store throws(EngineError) in
            reports.map { item in
                Result { () throws(EngineError) in
                    try working.report(item.report, to: item.name, store: store)
                }
            }
        }
    }

    /// Outcomes of one report are applied in a loop; so many take as long as a command of its own.
    private static func weight(ofOutcomes count: Int) -> Int { 1 + count / 64 }
}

// MARK: For callers that can wait

extension Engine {
    package func acquire(_ name: BreakerName) async throws(EngineError) -> Decision {
        try await waitForReply { acquire(name, reply: $0) }
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
