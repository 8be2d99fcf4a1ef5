import BreakerAPI
import HTTPTypes

extension Routes {
    /// Routes for acquires and reports that the lane leaves to the router.
    static func decisions(_ decisions: Decisions) -> [Route] {
        [
            Route(.post, Paths.acquire(Route.name), .work) { inquiry in
                let request = try DecisionRequest.acquire(inquiry.name, body: inquiry.body)
                try inquiry.access.require(request.name)
                return await decisions.answer(request, from: inquiry.client)
            },
            Route(.post, Paths.report(Route.name), .work) { inquiry in
                let request = try DecisionRequest.report(inquiry.name, query: inquiry.query, body: inquiry.body)
                try inquiry.access.require(request.name)
                return await decisions.answer(request, from: inquiry.client)
            },
        ]
    }
}
