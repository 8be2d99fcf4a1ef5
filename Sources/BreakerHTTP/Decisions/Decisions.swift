import BreakerCore
import BreakerEngine
import HTTPTypes

/// Answers workers. Every door of the server leads here: bytes are parsed into a ``DecisionRequest``, ``Access`` is
/// asked, and what comes back is an ``Answer``.
struct Decisions: Sendable {
    let engine: Engine

    /// - Parameter reply: called once; at once where nothing has to be stored, else on the writer's thread.
    func answer(_ request: DecisionRequest, reply: @escaping @Sendable (Answer) -> Void) {
        switch request.event {
        case .acquire:
            engine.acquire(request.name) { reply(Self.answer($0, Self.document)) }
        case .report(let report):
            engine.report(report, to: request.name) { result in
                reply(Self.answer(result) { Answer.decision(Self.document($0, of: report)) })
            }
        }
    }

    func answer(_ request: DecisionRequest) async -> Answer {
        await withCheckedContinuation { continuation in
            answer(request) { continuation.resume(returning: $0) }
        }
    }

    private static func answer<Value>(
        _ result: Result<Value, EngineError>,
        _ answer: (Value) -> Answer
    ) -> Answer {
        switch result {
        case .success(let value): answer(value)
        case .failure(let error): Answer(Problem(error))
        }
    }

    private static func document(_ decision: Decision) -> Answer {
        switch decision {
        case .allowed(let permit, let state, let leaseMs, let wouldDeny):
            var members: [JSON.Member] = [
                .init(key: "allowed", value: true),
                .init(key: "state", value: .string(state.rawValue)),
                .init(key: "permit", value: .string(permit.description)),
            ]
            if let leaseMs { members.append(.init(key: "lease_ms", value: JSON(leaseMs))) }
            if wouldDeny { members.append(.init(key: "would_deny", value: true)) }
            return .decision(.object(members))
        case .denied(let state, let retryAfterMs):
            var members: [JSON.Member] = [
                .init(key: "allowed", value: false),
                .init(key: "state", value: .string(state.rawValue)),
            ]
            guard let retryAfterMs else { return .decision(.object(members)) }
            members.append(.init(key: "retry_after_ms", value: JSON(retryAfterMs)))
            var answer = Answer.decision(.object(members))
            answer.fields[.retryAfter] = String((retryAfterMs + 999) / 1_000)
            return answer
        }
    }

    /// The answer to a report, alone or as an item of a batch.
    static func document(_ answer: ReportAnswer, of report: Report) -> JSON {
        var members: [JSON.Member] = [.init(key: "applied", value: .bool(answer.applied))]
        if let refusal = answer.refusal { members.append(.init(key: "reason", value: .string(refusal.rawValue))) }
        members.append(.init(key: "state", value: .string(answer.state.rawValue)))
        if report.count > 1 { members.append(.init(key: "counted", value: JSON(answer.counted))) }
        if answer.isDuplicate { members.append(.init(key: "duplicate", value: true)) }
        return .object(members)
    }
}

extension Answer {
    /// A decision holds for one call; nobody may keep it.
    fileprivate static func decision(_ document: JSON) -> Answer {
        var answer = Answer.json(document)
        answer.fields[.cacheControl] = "no-store"
        return answer
    }
}
