import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes

/// Answers workers' requests. Every path through the server has three steps: the bytes are parsed into a
/// ``DecisionRequest``, ``Access`` checks that the client may make the request, and the engine decides.
struct Decisions: Sendable {
    let engine: Engine

    /// - Parameters:
    ///   - client: the sender of the request.
    ///   - reply: called once where the answer is pending: on the writer's thread, or at once where the queue is full or
    ///     closed.
    /// - Returns: the answer to an acquire for which nothing has to be stored; `nil` where the answer is pending.
    func answer(
        _ request: DecisionRequest,
        from client: Client,
        reply: @escaping @Sendable (Answer) -> Void
    ) -> Answer? {
        switch request.event {
        case .acquire:
            return engine.acquire(request.name, from: client) { reply(Self.answer($0, Self.answer)) }.map(Self.answer)
        case .report(let report):
            engine.report(report, to: request.name, from: client) { result in
                reply(
                    Self.answer(result) { answer in
                        .decision { ReportAnswerDocument.write(answer, of: report, into: &$0) }
                    }
                )
            }
            return nil
        }
    }

    func answer(_ request: DecisionRequest, from client: Client) async -> Answer {
        await withCheckedContinuation { continuation in
            let answer = answer(request, from: client) { continuation.resume(returning: $0) }
            if let answer { continuation.resume(returning: answer) }
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

    static func answer(_ decision: Decision) -> Answer {
        var answer = Answer.decision { DecisionDocument(decision).write(into: &$0) }
        if case .denied(_, _, let retryAfterMs?) = decision { answer.retryAfterSeconds = (retryAfterMs + 999) / 1_000 }
        return answer
    }
}

extension Answer {
    fileprivate static func decision(_ write: (inout [UInt8]) -> Void) -> Answer {
        var body: [UInt8] = []
        body.reserveCapacity(usualLength)
        write(&body)
        return .decision(body)
    }

    /// Bytes that are enough for all answers except those with the longest permits.
    private static let usualLength = 112
}

/// The kind of a worker's request, without its contents.
enum DecisionKind: Sendable {
    case acquire
    case report

    /// The route's template.
    var path: String {
        switch self {
        case .acquire: Paths.acquire(Paths.namePlaceholder)
        case .report: Paths.report(Paths.namePlaceholder)
        }
    }
}

/// A worker's request after it is parsed.
struct DecisionRequest: Sendable {
    enum Event: Sendable {
        case acquire
        case report(Report)
    }

    var name: BreakerName
    var event: Event

    var kind: DecisionKind {
        switch event {
        case .acquire: .acquire
        case .report: .report
        }
    }

    /// Reads an acquire, which has no body.
    static func acquire(_ name: String, body: [UInt8]) throws(Problem) -> DecisionRequest {
        guard body.isEmpty else { throw .invalid("body", "must be empty: an acquire has no body") }
        return DecisionRequest(name: try Self.name(name), event: .acquire)
    }

    /// Reads a report from a query or from a body. The router rejects a request that has both.
    static func report(_ name: String, query: Query, body: [UInt8]) throws(Problem) -> DecisionRequest {
        let name = try Self.name(name)
        let fields: any ReportFields = body.isEmpty ? query : try JSONFields(body: body)
        return DecisionRequest(name: name, event: .report(try Report(fields, at: "")))
    }

    /// - Parameter field: the field that holds the name, for an error.
    static func name(_ text: String, field: String = "name") throws(Problem) -> BreakerName {
        guard let name = BreakerName(text) else {
            throw .invalid(
                field,
                "must be 1 to \(BreakerName.maximumLength) characters of A-Z a-z 0-9 . _ : -, "
                    + "starting with a letter or digit"
            )
        }
        return name
    }
}
