import BreakerAPI
import BreakerEngine
import HTTPTypes

extension Routes {
    static func reports(_ engine: Engine) -> [Route] {
        [
            Route(.post, Paths.reports, .work, maximumBody: HTTPLimits.reportsBody) { context in
                let batch = try ReportBatch(body: context.body, access: context.access)
                let results = try await engine.report(batch.reports, from: context.client)
                return Answer(fields: Answer.decisionFields, body: batch.answer(results))
            }
        ]
    }
}
