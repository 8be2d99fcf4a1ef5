import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes

extension Routes {
    static func reports(_ engine: Engine) -> [Route] {
        [
            Route(.post, Paths.reports, .work, maximumBody: HTTPLimits.reportsBody) { inquiry in
                let batch = try ReportBatch(body: inquiry.body, access: inquiry.access)
                let results = try await problems { () throws(EngineError) in
                    try await engine.report(batch.sound)
                }
                var answer = Answer.json(batch.document(of: results))
                answer.fields[.cacheControl] = "no-store"
                return answer
            }
        ]
    }
}

/// Many reports of one request. A bad one is answered with its error and spoils no other.
struct ReportBatch: Sendable {
    private enum Item: Sendable {
        case sound(Engine.AddressedReport)
        case faulty(Problem)
    }

    private let items: [Item]

    /// - Throws: where the request as a whole is no batch, or stands for too many outcomes.
    init(body: [UInt8], access: Access) throws(Problem) {
        guard case .array(let elements) = try JSON(body: body)["reports"] else {
            throw .invalid("reports", "is required: a list of reports")
        }
        guard Limits.reportsPerRequest.contains(elements.count) else {
            throw .invalid(
                "reports",
                "must have 1 to \(Limits.reportsPerRequest.upperBound) items, not \(elements.count)"
            )
        }
        items = elements.enumerated().map { index, element in
            do throws(Problem) {
                return .sound(try Self.report(element, at: "reports[\(index)].", access: access))
            } catch {
                return .faulty(error)
            }
        }
        let outcomes = sound.reduce(0) { $0 + $1.report.count }
        guard outcomes <= Limits.outcomesPerRequest else {
            throw .invalid("reports", "stand for \(outcomes) outcomes; \(Limits.outcomesPerRequest) are allowed")
        }
    }

    private static func report(
        _ element: JSON,
        at path: String,
        access: Access
    ) throws(Problem) -> Engine.AddressedReport {
        let fields = try JSONFields(element, at: path)
        guard let text = try fields.text("name") else { throw .invalid(path + "name", "is required") }
        let name = try DecisionRequest.name(text, field: path + "name")
        try access.require(name)
        return Engine.AddressedReport(name: name, report: try Report(fields, at: path))
    }

    /// The reports that are carried out, in order.
    var sound: [Engine.AddressedReport] {
        items.compactMap { if case .sound(let report) = $0 { report } else { nil } }
    }

    /// The answer to the whole request.
    /// - Parameter results: one for each of ``sound``.
    func document(of results: [Result<ReportAnswer, EngineError>]) -> JSON {
        var accepted = 0
        var rest = results[...]
        let documents = items.map { item -> JSON in
            switch item {
            case .faulty(let problem): return Self.document(of: problem)
            case .sound(let item):
                switch rest.popFirst() {
                case .success(let answer):
                    // What was applied for an earlier request is not applied for this one.
                    if !answer.isDuplicate { accepted += answer.counted }
                    return Decisions.document(answer, of: item.report)
                case .failure(let error): return Self.document(of: Problem(error))
                case nil: preconditionFailure("a report of \(item.name) has no result")
                }
            }
        }
        return ["accepted": JSON(accepted), "results": .array(documents)]
    }

    private static func document(of problem: Problem) -> JSON {
        ["error": ["code": .string(problem.code.rawValue), "detail": .string(problem.detail)]]
    }
}
