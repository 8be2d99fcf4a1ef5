import BreakerAPI
import BreakerCore
import BreakerEngine
import BreakerText
import HTTPTypes

extension Routes {
    /// Breakers and their policies.
    static func breakers(_ engine: Engine) -> [Route] {
        let one = Paths.breaker(Route.name)
        return [
            Route(.get, Paths.breakers, .read) { try await list(engine, $0) },
            Route(.delete, Paths.breakers, .steer, parameters: ["prefix"]) { context in
                guard context.body.isEmpty else { throw Problem.invalid("body", "must be empty: use ?prefix=") }
                guard let prefix = context.query["prefix"], !prefix.isEmpty else {
                    throw Problem.invalid("prefix", "is required and must not be empty")
                }
                try context.access.require(prefix: prefix)
                let count = try await engine.deleteAll(prefix: prefix, actor: context.author)
                return .json(DeletedDocument(deleted: count))
            },
            Route(.get, one, .readOne) { context in
                let name = try context.breakerName()
                return .breaker(try await engine.breaker(name))
            },
            Route(.put, one, .steer) { context in
                let name = try context.breakerName()
                let policy = try PolicyBody.policy(put: context.body)
                let precondition = try context.precondition()
                let (view, isNew) = try await engine.putPolicy(
                    policy,
                    of: name,
                    actor: context.author,
                    if: precondition
                )
                return .policy(of: view, status: isNew ? .created : .ok)
            },
            Route(.patch, one, .steer) { context in
                let name = try context.breakerName()
                let document = try PolicyBody.document(patch: context.body)
                let precondition = try context.precondition()
                return .policy(
                    of: try await engine.patchPolicy(document, of: name, actor: context.author, if: precondition)
                )
            },
            Route(.delete, one, .steer) { context in
                let name = try context.breakerName()
                let precondition = try context.precondition()
                try await engine.delete(name, actor: context.author, if: precondition)
                return Answer(status: .noContent)
            },
        ]
    }
}

extension RequestContext {
    /// The precondition of `if-match` or `if-none-match`; `nil` where neither is present.
    fileprivate func precondition() throws(Problem) -> Engine.Precondition? {
        switch (fields[.ifMatch], fields[.ifNoneMatch]) {
        case (nil, nil): return nil
        case (let tags?, nil):
            if tags == "*" { return .exists }
            return .revision(in: Set(tags.split(separator: ",").compactMap { PolicyTag.revision(String($0)) }))
        case (nil, "*"?): return .isNew
        case (nil, _?): throw .invalid("if-none-match", "must be *")
        case (_?, _?): throw .invalid("if-none-match", "must not be combined with if-match")
        }
    }
}

extension BreakerDocument {
    init(_ view: BreakerView) {
        self.init(
            view.breaker,
            at: view.at,
            lastSeenAt: view.lastSeenAt,
            allowed: Int64(view.decisions.allowed),
            denied: Int64(view.decisions.denied)
        )
    }
}

extension Answer {
    static func breaker(_ view: BreakerView, status: HTTPResponse.Status = .ok) -> Answer {
        var answer = Answer.json(BreakerDocument(view), status: status)
        answer.fields[.eTag] = PolicyTag.text(revision: view.breaker.policyRevision)
        return answer
    }

    /// The answer to a request that set the policy of a breaker.
    static func policy(of view: BreakerView, status: HTTPResponse.Status = .ok) -> Answer {
        let document = PolicyAnswerDocument(BreakerDocument(view), warnings: view.breaker.policy.warnings)
        var answer = Answer.json(document, status: status)
        answer.fields[.eTag] = PolicyTag.text(revision: view.breaker.policyRevision)
        return answer
    }
}
