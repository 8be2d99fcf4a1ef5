import BreakerAPI
import HTTPTypes

extension Routes {
    /// Routes for acquires and reports that the lane leaves to the router.
    static func decisions(_ decisions: Decisions) -> [Route] {
        [
            Route(.post, Paths.acquire(Route.name), .work) { context in
                let request = try DecisionRequest.acquire(context.name, body: context.body)
                try context.access.require(request.name)
                return await decisions.answer(request, from: context.client)
            },
            Route(.post, Paths.report(Route.name), .work) { context in
                let request = try DecisionRequest.report(context.name, query: context.query, body: context.body)
                try context.access.require(request.name)
                return await decisions.answer(request, from: context.client)
            },
        ]
    }
}
