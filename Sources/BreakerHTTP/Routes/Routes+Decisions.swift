import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes

extension Routes {
    /// Routes for acquires and reports that the lane leaves to the router.
    static func decisions(_ decisions: Decisions) -> [Route] {
        [
            Route(.post, Paths.acquire(Route.name), .work, parameters: ["create"]) { context in
                let request = try DecisionRequest.acquire(context.name, body: context.body)
                try context.access.require(request.name)
                if try context.query.flag("create", default: true) {
                    return await decisions.answer(request, from: context.client)
                }
                return try await acquireExisting(request.name, decisions.engine, context)
            },
            report(decisions),
        ]
    }

    private static func report(_ decisions: Decisions) -> Route {
        var route = Route(.post, Paths.report(Route.name), .work) { context in
            let request = try DecisionRequest.report(context.name, query: context.query, body: context.body)
            try context.access.require(request.name)
            return await decisions.answer(request, from: context.client)
        }
        route.noteInvalid = { problem, name, client in
            note(ReportBatch.Refused(name: name, problem: problem, count: 1), from: client, decisions.engine)
        }
        return route
    }

    private static func note(_ refused: ReportBatch.Refused, from client: Client, _ engine: Engine) {
        let fault = refused.problem.faults.first
        engine.noteRefusedReports(
            refused.count,
            to: refused.name,
            from: client,
            field: fault?.field ?? "body",
            detail: fault?.detail ?? refused.problem.detail
        )
    }

    /// The answer to an acquire that creates no breaker.
    private static func acquireExisting(
        _ name: BreakerName,
        _ engine: Engine,
        _ context: RequestContext
    ) async throws -> Answer {
        let result: Result<Decision, EngineError>
        do throws(EngineError) {
            result = .success(try await engine.acquire(name, from: context.client, creates: false))
        } catch {
            result = .failure(error)
        }
        switch result {
        case .success(let decision): return Decisions.answer(decision)
        case .failure(let error):
            var problem = Problem(error)
            if error.code == .unknownBreaker { problem.detail += try await similarNames(name, engine, context) }
            throw problem
        }
    }

    /// The names that a person may have mistyped, as the end of an error.
    private static func similarNames(
        _ name: BreakerName,
        _ engine: Engine,
        _ context: RequestContext
    ) async throws -> String {
        let names = try await engine.names(similarTo: name, visible: context.access.scope)
        return names.isEmpty ? "" : "; similar names: \(names.map(\.value).joined(separator: ", "))"
    }

    static func reports(_ engine: Engine) -> [Route] {
        [
            Route(.post, Paths.reports, .work, maximumBody: HTTPLimits.reportsBody) { context in
                let batch = try ReportBatch(body: context.body, access: context.access)
                // First, because a request that is sent again leaves the counts of decisions out.
                let counted = try await engine.count(batch.validDecisions, from: context.client)
                let results = try await engine.report(batch.reports, from: context.client)
                // Last, because a batch that is not stored is sent again.
                for refused in batch.refused { note(refused, from: context.client, engine) }
                return .decision(batch.answer(results, counted: counted))
            }
        ]
    }

    /// Decisions for proxies that know only status codes: 200 allows a request, 403 denies it. The status is not 204,
    /// because Envoy accepts only 200 as permission.
    ///
    /// Some proxies ask with the method and the query of the request that they hold. So a gate takes the usual methods
    /// and ignores the query. Whether the proxy handles probes is in the path, which the proxy's clients cannot change.
    static func gate(_ engine: Engine) -> [Route] {
        let methods: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete, .options]
        return methods.flatMap { method in
            [
                gate(method, Paths.gate(Route.name)) { try await engine.acquireWithoutProbe($0, from: $1) },
                gate(method, Paths.gateProbe(Route.name)) { try await engine.acquire($0, from: $1) },
            ]
        }
    }

    private static func gate(
        _ method: HTTPRequest.Method,
        _ path: String,
        acquire: @escaping @Sendable (BreakerName, Client) async throws -> Decision
    ) -> Route {
        var route = Route(method, path, .work) { context in
            let name = try context.breakerName()
            return Answer(gate: try await acquire(name, context.client))
        }
        route.ignoresQuery = true
        return route
    }
}

/// The rules for requests at gates.
enum Gate {
    /// Whether a request is for a gate, where a `GET` changes the breaker.
    static func isAsked(by request: HTTPRequest) -> Bool { request.path?.hasPrefix(Paths.gate + "/") ?? false }

    /// Rejects requests that a browser sends by itself: a link or an image in any page can make it send a `GET`. A
    /// proxy passes its client's marks on too, but adds one of these fields. A page of another site can add neither
    /// field, because the browser first asks the server for permission (CORS), with marks.
    ///
    /// - Throws: `cross_site`.
    static func requireProxy(_ request: HTTPRequest) throws(Problem) {
        guard request.headerFields[.authorization] == nil, request.headerFields[.forwardedFor] == nil else { return }
        throw Problem(
            .crossSite,
            "a gate answers proxies, not browsers; a proxy that passes a browser's header fields on must add "
                + "x-forwarded-for or authorization"
        )
    }

    /// The problem with a status that no proxy takes for a denial.
    static func undecided(_ problem: Problem) -> Problem {
        var problem = problem
        problem.status = 503
        return problem
    }
}

extension Answer {
    fileprivate init(gate decision: Decision) {
        fields = [.cacheControl: "no-store"]
        body = []
        switch decision {
        case .allowed(let permit, let state, let leaseMs, let wouldDeny):
            status = .ok
            fields[.breakerState] = state.rawValue
            fields[.breakerPermit] = permit.description
            if let leaseMs { fields[.breakerLeaseMs] = String(leaseMs) }
            if wouldDeny { fields[.breakerWouldDeny] = "true" }
        case .denied(let state, _, let retryAfterMs):
            status = .forbidden
            fields[.breakerState] = state.rawValue
            retryAfterSeconds = retryAfterMs.map { ($0 + 999) / 1_000 }
        }
    }
}

extension HTTPField.Name {
    fileprivate static let forwardedFor = Self("x-forwarded-for")!
    fileprivate static let breakerState = Self("breaker-state")!
    fileprivate static let breakerPermit = Self("breaker-permit")!
    fileprivate static let breakerLeaseMs = Self("breaker-lease-ms")!
    fileprivate static let breakerWouldDeny = Self("breaker-would-deny")!
}
