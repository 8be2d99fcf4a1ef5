import BreakerAPI
import BreakerEngine
import HTTPTypes

extension Routes {
    static func explanation(_ engine: Engine) -> [Route] {
        [
            Route(.get, Paths.explanation(Route.name), .read) { context in
                let name = try context.breakerName()
                return .json(ExplanationDocument(try await engine.explanation(of: name)))
            }
        ]
    }
}
