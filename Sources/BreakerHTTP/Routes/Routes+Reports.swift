import BreakerAPI
import BreakerEngine
import HTTPTypes

extension Routes {
    static func reports(_ engine: Engine) -> [Route] {
        [
            Route(.post, Paths.reports, .work, maximumBody: HTTPLimits.reportsBody) { inquiry in
                let batch = try ReportBatch(body: inquiry.body, access: inquiry.access)
                let results = try await problems { () throws(EngineError) in
                    try await engine.report(batch.reports, from: inquiry.client)
                }
                return Answer(fields: Answer.decisionFields, body: batch.answer(results))
            }
        ]
    }
}
