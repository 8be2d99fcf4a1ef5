import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore

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
    /// Of request bodies in progress.
    let bodies: BodyBudget
    /// Of answers that their clients have not read.
    let answers: BodyBudget
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
        let access = try access(of: request, context: context, requirement: route.requirement)
        let sender = Client(Author(actor: access.actor, address: context.address))
        if route.requirement != .none {
            connections.authenticate(context.channel, as: sender, by: access)
            try access.require(route.requirement)
        }
        do {
            let response = try await respond(to: request, context: context, route: route, access: access, from: sender)
            return response
        } catch {
            note(error, context: context, route: route, access: access, from: sender)
            throw error
        }
    }

    /// Tells the route of a request that is invalid.
    private func note(
        _ error: any Error,
        context: RouterContext,
        route: Route,
        access: Access,
        from sender: Client
    ) {
        guard let noteInvalid = route.noteInvalid, let problem = error as? Problem,
            [400, 413, 415].contains(problem.status), let name = BreakerName(Self.name(in: context)),
            access.allows(name)
        else { return }
        noteInvalid(problem, name, sender)
    }

    /// The name in the path; empty if there is none.
    private static func name(in context: RouterContext) -> String {
        (context.parameters.get("name") ?? context.parameters.get("file")).flatMap { Query.decode($0) } ?? ""
    }

    private func respond(
        to request: Request,
        context: RouterContext,
        route: Route,
        access: Access,
        from sender: Client
    ) async throws -> Response {
        let share = try bodies.take(try length(of: request, maximum: route.maximumBody), for: sender)
        defer { withExtendedLifetime(share) {} }
        let requestContext = try await requestContext(of: request, context: context, route: route, access: access)
        let client = gatekeeper.hasTokens ? access.actor : context.address ?? ""
        let response = try await ReadTurns.$client.withValue(client) { try await route.respond(requestContext) }
        // A client without a token gets only files that all answers share. Other methods may have changed something, and
        // a refusal would say that they had no effect.
        let isCounted = route.requirement != .none && route.method == .get
        let unread = isCounted ? try answers.take(response.bytesInMemory, for: sender) : nil
        return Response(response, client: client, channel: context.channel, holding: unread)
    }

    private func access(
        of request: Request,
        context: RouterContext,
        requirement: Requirement
    ) throws(Problem) -> Access {
        if requirement == .none { return .anonymous }
        // Gates serve proxies, so they accept no session: another page of the browser's site must not use its session
        // there.
        if Gate.isAsked(by: request.head) {
            return try gatekeeper.access(
                authorization: request.headers[.authorization],
                certificate: context.certificate
            )
        }
        return try gatekeeper.access(request.headers, certificate: context.certificate, at: now())
    }

    /// Reads the request, whose body may not have arrived yet, and refuses parameters that the route does not know.
    private func requestContext(
        of request: Request,
        context: RouterContext,
        route: Route,
        access: Access
    ) async throws -> RequestContext {
        let requestContext = RequestContext(
            name: Self.name(in: context),
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
        guard route.takesQueryAndBody || requestContext.query.isEmpty || requestContext.body.isEmpty else {
            throw Problem(.invalidRequest, "the request has both a query and a body; send only one of them")
        }
        return requestContext
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

extension Route.Response {
    /// The bytes that wait in memory while the client does not read them.
    fileprivate var bytesInMemory: Int {
        if case .whole(let answer) = self, answer.body.count > HTTPLimits.pieceBytes { answer.body.count } else { 0 }
    }
}

extension Response {
    /// - Parameter share: is released once the answer is sent, or its connection is gone.
    init(_ answer: Answer, holding share: BodyBudget.Share? = nil) {
        let body =
            switch answer.body.count {
            case 0: ResponseBody()
            case ...HTTPLimits.pieceBytes: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
            default: ResponseBody(inPieces: answer.body, holding: share)
            }
        var fields = answer.fields
        if let seconds = answer.retryAfterSeconds { fields[.retryAfter] = String(seconds) }
        self.init(status: answer.status, headers: fields, body: body)
    }

    /// - Parameters:
    ///   - client: the client in whose turn the response reads the store.
    ///   - channel: the client's connection.
    ///   - share: the share of the answer in the limits on unread bytes.
    fileprivate init(
        _ response: Route.Response,
        client: String,
        channel: any Channel,
        holding share: BodyBudget.Share?
    ) {
        switch response {
        case .whole(let answer): self.init(answer, holding: share)
        case .pieces(let fields, let length, let write):
            let body = ResponseBody(contentLength: length) { writer in
                var pieces: any ResponseBodyWriter = writer
                try await ReadTurns.$client.withValue(client) { try await write(&pieces) }
                try await pieces.finish(nil)
            }
            self.init(status: .ok, headers: fields, body: body)
        case .stream(let stream, let fields):
            self.init(status: .ok, headers: fields, body: ResponseBody(stream, on: channel))
        }
    }
}

extension ResponseBody {
    /// A body in pieces. The connection holds at most one piece that the client has not read.
    fileprivate init(inPieces bytes: [UInt8], holding share: BodyBudget.Share?) {
        self.init(contentLength: bytes.count) { writer in
            defer { withExtendedLifetime(share) {} }
            for start in stride(from: 0, to: bytes.count, by: HTTPLimits.pieceBytes) {
                let end = min(start + HTTPLimits.pieceBytes, bytes.count)
                try await writer.write(ByteBuffer(bytes: bytes[start..<end]))
            }
            try await writer.finish(nil)
        }
    }
}

/// Limits the bytes of bodies that are in memory at once, for each client and in total: those of requests in progress,
/// or those of answers that wait for their client to read them.
final class BodyBudget: Sendable {
    /// The bytes of one body. They count until the share is released.
    final class Share: Sendable {
        private let budget: BodyBudget
        private let bytes: Int
        private let client: Client

        fileprivate init(_ bytes: Int, of client: Client, _ budget: BodyBudget) {
            self.bytes = bytes
            self.client = client
            self.budget = budget
        }

        deinit { budget.giveBack(bytes, client) }
    }

    private struct Held {
        var byClient: [Client: Int] = [:]
        var all = 0
    }

    private let held = NIOLockedValueBox(Held())
    private let bytesOfClient: Int
    private let refusal: String

    /// - Parameters:
    ///   - bytesOfClient: the most bytes of one client.
    ///   - refusal: the detail of the refusal.
    init(bytesOfClient: Int, refusal: String) {
        self.bytesOfClient = bytesOfClient
        self.refusal = refusal
    }

    /// - Returns: `nil` for no bytes.
    /// - Throws: `overloaded`.
    func take(_ bytes: Int, for client: Client) throws(Problem) -> Share? {
        guard bytes > 0 else { return nil }
        let isTaken = held.withLockedValue { held in
            let ofClient = held.byClient[client, default: 0] + bytes
            guard ofClient <= bytesOfClient, held.all + bytes <= HTTPLimits.bodies else { return false }
            held.byClient[client] = ofClient
            held.all += bytes
            return true
        }
        guard isTaken else { throw Problem(.overloaded, refusal) }
        return Share(bytes, of: client, self)
    }

    private func giveBack(_ bytes: Int, _ client: Client) {
        held.withLockedValue { held in
            let rest = held.byClient[client, default: bytes] - bytes
            held.byClient[client] = rest > 0 ? rest : nil
            held.all -= bytes
        }
    }
}
