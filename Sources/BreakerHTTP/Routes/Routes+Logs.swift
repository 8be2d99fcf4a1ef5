import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes

extension Routes {
    /// The logs of failures and transitions, newest first.
    static func logs(_ engine: Engine) -> [Route] {
        [
            Route(.get, Paths.failures(Route.name), .read) { context in
                let name = try context.breakerName()
                let filters = ["failures", name.value]
                let page = try Page(context.query, filters: filters)
                let before = try page.afterNumber()
                let failures = try await engine.failures(of: name, before: before, limit: page.size)
                let (items, next) = page.cut(failures, filters: filters) { String($0.number) }
                let documents = items.map { FailureDocument($0) }
                return .json(FailureListDocument(failures: documents, nextPageToken: next))
            },
            Route(.get, Paths.transitions(Route.name), .read) { context in
                let name = try context.breakerName()
                let filters = ["transitions", name.value]
                let page = try Page(context.query, filters: filters)
                let before = try page.afterNumber()
                let transitions = try await engine.transitions(of: name, before: before, limit: page.size)
                let (items, next) = page.cut(transitions, filters: filters) { String($0.revision) }
                let documents = items.map { TransitionDocument($0) }
                return .json(TransitionListDocument(transitions: documents, nextPageToken: next))
            },
            Route(.get, Paths.transitions, .read) { context in
                let filters = ["transitions", context.access.scope.description]
                let page = try Page(context.query, filters: filters)
                let before = try page.afterNumber()
                let rows = try await engine.transitions(
                    visible: context.access.scope,
                    before: before,
                    limit: page.size
                )
                let (items, next) = page.cut(rows, filters: filters) { String($0.transition.revision) }
                let documents = items.map { NamedTransitionDocument($0.transition, of: $0.name) }
                return .json(TransitionListDocument(transitions: documents, nextPageToken: next))
            },
        ]
    }
}
