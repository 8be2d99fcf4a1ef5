import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes

extension Routes {
    /// A decision for proxies that know nothing but statuses: 200 lets a request through, 403 does not. It is no 204, for
    /// Envoy takes 200 alone for a permission.
    ///
    /// Some ask with the method and the query of the request that they hold, whatever these are. So the usual methods do,
    /// the query is passed over, and what the proxy can do stands in the path, where nobody who sends it a request can write.
    static func gate(_ engine: Engine) -> [Route] {
        let methods: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete, .options]
        let path = Paths.gate(Route.name)
        return methods.flatMap { method in
            [
                gate(method, path) { name, client throws(EngineError) in
                    try await engine.acquireWithoutProbe(name, from: client)
                },
                gate(method, path + "/probe") { name, client throws(EngineError) in
                    try await engine.acquire(name, from: client)
                },
            ]
        }
    }

    private static func gate(
        _ method: HTTPRequest.Method,
        _ path: String,
        acquire: @escaping @Sendable (BreakerName, Client) async throws(EngineError) -> Decision
    ) -> Route {
        var route = Route(method, path, .work) { inquiry in
            let name = try inquiry.breakerName()
            return Answer(
                gate: try await problems { () throws(EngineError) in try await acquire(name, inquiry.client) }
            )
        }
        route.ignoresQuery = true
        return route
    }
}

/// What is of its own at the gates, whatever becomes of a request there.
enum Gate {
    /// Its `GET` changes what it asks for.
    static func isAsked(by request: HTTPRequest) -> Bool { request.path?.hasPrefix(Paths.gate + "/") ?? false }

    /// Refuses requests that a browser sends by itself: a link or a picture in any page can have it send a `GET`. A proxy
    /// passes its client's marks on too, but adds one of these fields. A page of another site can add neither, because the
    /// browser asks the server for leave first (CORS), with marks.
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

    /// A problem with a status that no proxy takes for a denial.
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
