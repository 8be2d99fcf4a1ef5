import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes

extension Routes {
    /// Breakers and their policies.
    static func breakers(_ engine: Engine) -> [Route] {
        let one = Paths.breaker(Route.name)
        return [
            Route(.get, Paths.breakers, .read) { try await list(engine, $0) },
            Route(.get, one, .readOne) { inquiry in
                let name = try inquiry.breakerName()
                return .breaker(try await problems { () throws(EngineError) in try await engine.breaker(name) })
            },
            Route(.put, one, .steer) { inquiry in
                let name = try inquiry.breakerName()
                let policy = try PolicyBody.policy(put: inquiry.body)
                let precondition = try inquiry.precondition()
                let (view, isNew) = try await problems { () throws(EngineError) in
                    try await engine.putPolicy(policy, of: name, actor: inquiry.access.actor, if: precondition)
                }
                return .breaker(view, status: isNew ? .created : .ok)
            },
            Route(.patch, one, .steer) { inquiry in
                let name = try inquiry.breakerName()
                let document = try PolicyBody.document(patch: inquiry.body)
                let precondition = try inquiry.precondition()
                return .breaker(
                    try await problems { () throws(EngineError) in
                        try await engine.patchPolicy(
                            document,
                            of: name,
                            actor: inquiry.access.actor,
                            if: precondition
                        )
                    }
                )
            },
            Route(.delete, one, .steer) { inquiry in
                let name = try inquiry.breakerName()
                let precondition = try inquiry.precondition()
                try await problems { () throws(EngineError) in
                    try await engine.delete(name, actor: inquiry.access.actor, if: precondition)
                }
                return Answer(status: .noContent)
            },
        ]
    }

    /// Runs what the engine does, and tells its errors as problems.
    static func problems<Value>(
        _ body: () async throws(EngineError) -> Value
    ) async throws(Problem) -> Value {
        do {
            return try await body()
        } catch {
            throw Problem(error)
        }
    }

    private static func list(_ engine: Engine, _ inquiry: Inquiry) async throws(Problem) -> Answer {
        let query = inquiry.query
        let filter = try BreakerFilter(query)
        let filters = [query["state"] ?? "", filter.prefix, query["override"] ?? "", inquiry.access.prefix]
        let page = try Page(query, filters: filters)
        let after = try page.after.map { name throws(Problem) in
            try DecisionRequest.name(name, field: "page_token")
        }
        let views = try await problems { () throws(EngineError) in
            try await engine.breakers(
                filter,
                visiblePrefix: inquiry.access.prefix,
                after: after,
                limit: page.size
            )
        }
        let (items, next) = page.cut(views, filters: filters) { $0.breaker.name.value }
        return .json(["breakers": .array(items.map(JSON.init)), "next_page_token": .string(next)])
    }
}

extension BreakerFilter {
    init(_ query: Query) throws(Problem) {
        self.init(prefix: query["prefix"] ?? "")
        if let text = query["state"] {
            state = State(rawValue: text)
            if state == nil { throw .invalid("state", "must be closed, open or half_open") }
        }
        switch query["override"] {
        case nil: break
        case "any": override = .any
        case "none": override = BreakerFilter.OverrideFilter.none
        case .some(let text):
            guard let mode = Override.Mode(rawValue: text) else {
                throw .invalid("override", "must be any, none, force_open, force_closed or shadow")
            }
            override = .mode(mode)
        }
    }
}

extension Inquiry {
    /// What `if-match` and `if-none-match` require; `nil` where neither is there.
    fileprivate func precondition() throws(Problem) -> Engine.Precondition? {
        switch (fields[.ifMatch], fields[.ifNoneMatch]) {
        case (nil, nil): return nil
        case (let tags?, nil):
            if tags == "*" { return .exists }
            return .revision(in: Set(tags.split(separator: ",").compactMap { PolicyTag.revision(String($0)) }))
        case (nil, "*"?): return .isNew
        case (nil, _?): throw .invalid("if-none-match", "must be *")
        case (_?, _?): throw .invalid("if-none-match", "does not go with if-match")
        }
    }
}
