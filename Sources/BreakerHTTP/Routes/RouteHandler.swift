import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// The context that Hummingbird keeps for a request.
struct RouterContext: Hummingbird.RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The peer address of the connection.
    let address: String?
    /// The common name of the client's certificate.
    let certificate: String?
    /// The client's connection.
    let channel: any Channel

    init(source: Source) {
        address = source.channel.remoteAddress?.ipAddress
        certificate = OpenConnection.current?.certificate
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// Connects Hummingbird's router with the ``Route`` values: passes requests to a route, and its response back.
struct RouteHandler: Sendable {
    let gatekeeper: Gatekeeper
    let failures: AuthenticationFailures
    let meters: HTTPMeters
    let connections: OpenConnections
    private let bodies = BodyBudget()
    /// The server's clock.
    let now: @Sendable () -> Instant

    /// A router of `routes`, in which every error is a problem document.
    func router(of routes: [Route]) -> Router<RouterContext> {
        let router = Router(context: RouterContext.self, options: .autoGenerateHeadEndpoints)
        router.add(
            middleware: ProblemMiddleware(routes: routes, gatekeeper: gatekeeper, failures: failures, meters: meters)
        )
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                try await respond(to: request, context: context, route: route)
            }
        }
        return router
    }

    private func respond(to request: Request, context: RouterContext, route: Route) async throws -> Response {
        // The router ignores empty parts of a path. An empty variable in a script must not reach another breaker.
        guard route.matches(path: request.uri.path) else { throw Problem.notFound }
        if route.requirement.isForOperators { try gatekeeper.requireKnownHost(request.head) }
        let access: Access
        if route.requirement == .none {
            access = .anonymous
        } else {
            // Gates serve proxies, so they accept no session: another page of the browser's site must not use its
            // session there.
            access =
                Gate.isAsked(by: request.head)
                ? try gatekeeper.access(
                    authorization: request.headers[.authorization],
                    certificate: context.certificate
                )
                : try gatekeeper.access(request.headers, certificate: context.certificate, at: now())
        }
        let sender = Client(Author(actor: access.actor, address: context.address))
        if route.requirement != .none {
            connections.authenticate(context.channel, as: sender)
            try access.require(route.requirement)
        }
        let share = try bodies.take(try length(of: request, maximum: route.maximumBody), for: sender)
        defer { withExtendedLifetime(share) {} }
        let requestContext = RequestContext(
            name: (context.parameters.get("name") ?? context.parameters.get("file")).flatMap { Query.decode($0) } ?? "",
            query: try Query(route.ignoresQuery ? "" : (request.head.path ?? "").drop { $0 != "?" }.dropFirst()),
            fields: request.headers,
            body: try await body(of: request, maximum: route.maximumBody),
            access: access,
            address: context.address,
            certificate: context.certificate,
            isSecure: request.head.scheme == "https" || request.headers[.forwardedProto] == "https"
        )
        if let known = route.parameters {
            let unknown = requestContext.query.keys.filter { !known.contains($0) }
            guard unknown.isEmpty else {
                throw Problem.invalid(unknown.map { Problem.Fault(field: $0, detail: "is unknown") })
            }
        }
        guard requestContext.query.isEmpty || requestContext.body.isEmpty else {
            throw Problem(.invalidRequest, "the request has both a query and a body; send only one of them")
        }
        let client = gatekeeper.hasTokens ? access.actor : context.address ?? ""
        let response = try await ReadTurns.$client.withValue(client) { try await route.respond(requestContext) }
        switch response {
        case .whole(let answer): return Response(answer)
        case .file(let file, let fields):
            let body = ResponseBody(contentLength: file.length) { writer in
                while let chunk = try await file.next() { try await writer.write(chunk) }
                try await writer.finish(nil)
            }
            return Response(status: .ok, headers: fields, body: body)
        case .pieces(let fields, let write):
            let body = ResponseBody { writer in
                var pieces: any ResponseBodyWriter = writer
                try await ReadTurns.$client.withValue(client) { try await write(&pieces) }
                try await pieces.finish(nil)
            }
            return Response(status: .ok, headers: fields, body: body)
        case .stream(let stream, let fields):
            return Response(status: .ok, headers: fields, body: ResponseBody(stream, on: context.channel))
        }
    }

    /// The maximum number of bytes that the body of a request may turn out to have.
    private func length(of request: Request, maximum: Int) throws(Problem) -> Int {
        guard let field = request.headers[.contentLength] else {
            return request.headers[.transferEncoding] == nil ? 0 : maximum
        }
        guard let length = Int(field), length <= maximum else { throw tooLarge(maximum) }
        return length
    }

    private func tooLarge(_ maximum: Int) -> Problem {
        Problem(.bodyTooLarge, "the body may have at most \(maximum) bytes")
    }

    private func body(of request: Request, maximum: Int) async throws -> [UInt8] {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: maximum)
        } catch is NIOTooManyBytesError {
            throw tooLarge(maximum)
        }
        let encoding = request.headers[.contentEncoding]?.lowercased()
        guard body.readableBytes == 0 || encoding == nil || encoding == "identity" else {
            throw Problem(
                .unsupportedEncoding,
                "the content-encoding \(encoding ?? "") is not supported; send the body unencoded"
            )
        }
        return Array(body.readableBytesView)
    }
}

extension Response {
    init(_ answer: Answer) {
        let body =
            switch answer.body.count {
            case 0: ResponseBody()
            case ...HTTPLimits.pieceBytes: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
            default: ResponseBody(inPieces: answer.body)
            }
        var fields = answer.fields
        if let seconds = answer.retryAfterSeconds { fields[.retryAfter] = String(seconds) }
        self.init(status: answer.status, headers: fields, body: body)
    }
}

extension ResponseBody {
    /// A body in pieces. The connection holds at most one piece that the client has not read.
    fileprivate init(inPieces bytes: [UInt8]) {
        self.init(contentLength: bytes.count) { writer in
            for start in stride(from: 0, to: bytes.count, by: HTTPLimits.pieceBytes) {
                let end = min(start + HTTPLimits.pieceBytes, bytes.count)
                try await writer.write(ByteBuffer(bytes: bytes[start..<end]))
            }
            try await writer.finish(nil)
        }
    }
}

/// Turns every error into a problem document, gives every answer its request id, and counts it.
private struct ProblemMiddleware: RouterMiddleware {
    let routes: [Route]
    let gatekeeper: Gatekeeper
    let failures: AuthenticationFailures
    let meters: HTTPMeters

    func handle(
        _ request: Request,
        context: RouterContext,
        next: (Request, RouterContext) async throws -> Response
    ) async throws -> Response {
        let requestID = RequestID.of(request.headers[.requestID])
        let isGate = Gate.isAsked(by: request.head)
        func refusal(_ problem: Problem) -> Response { Response(Answer(isGate ? Gate.undecided(problem) : problem)) }
        var response: Response
        do {
            try gatekeeper.admit(request.head)
            response = isForServer(request) ? serverOptions : try await next(request, context)
        } catch let problem as Problem {
            if let failure = problem.failure { failures.note(failure, from: context.address) }
            response = refusal(problem)
        } catch let error as EngineError {
            response = refusal(Problem(error))
        } catch let error as HTTPError where error.status == .notFound {
            response = refusal(notFound(request))
        } catch is CancellationError {
            response = refusal(Problem(.shuttingDown, "the server is shutting down"))
        } catch let error as HTTPParserError {
            throw error
        } catch let error where Self.isOfConnection(error) {
            // The client is gone or has sent unreadable bytes, and gets no answer. The error may quote them, so only
            // its type is logged.
            context.logger.debug("A connection failed during a request", metadata: ["error": "\(type(of: error))"])
            response = refusal(Problem(.malformedRequest, "the body ended too early"))
        } catch {
            context.logger.error("A request failed", metadata: ["error": "\(error)", "request_id": "\(requestID)"])
            response = refusal(Problem(.internalError, "the server failed; see its log for the cause"))
        }
        response.headers[.requestID] = requestID
        response.headers[.xContentTypeOptions] = "nosniff"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        // Where a path matches no route, Hummingbird gives a word that is not a path.
        let route = context.endpointPath.flatMap { $0.hasPrefix("/") ? $0 : nil }
        meters.answered(request.method, route: route, status: response.status.code)
        // A client would read a body after a HEAD as the next answer.
        return request.method == .head ? response.createHeadResponse() : response
    }

    private static func isOfConnection(_ error: any Error) -> Bool {
        error is IOError || error is ChannelError || error is ByteToMessageDecoderError || error is NIOSSLError
            || error is BoringSSLError
    }

    private func notFound(_ request: Request) -> Problem {
        guard methods(of: routes).contains(request.method.rawValue) else { return .unknownMethod }
        let methods = methods(of: routes.filter { $0.matches(path: request.uri.path) })
        guard !methods.isEmpty else { return .notFound }
        let allow = methods.joined(separator: ", ")
        var problem = Problem(.methodNotAllowed, "this path supports \(allow)")
        problem.allow = allow
        return problem
    }

    /// Whether this is `OPTIONS *`, which asks for the methods of the whole server (RFC 9110, section 9.3.7).
    private func isForServer(_ request: Request) -> Bool { request.method == .options && request.head.path == "*" }

    private var serverOptions: Response {
        Response(Answer(status: .noContent, fields: [.allow: methods(of: routes).joined(separator: ", ")]))
    }

    private func methods(of routes: [Route]) -> [String] {
        let methods = Set(routes.map(\.method.rawValue))
        return (methods.contains("GET") ? methods.union(["HEAD"]) : methods).sorted()
    }
}

extension HTTPField.Name {
    static let requestID = Self("x-request-id")!
}
