import BreakerAPI
import BreakerEngine
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// Turns every error into a problem document, gives every answer its request id, and counts it.
struct ProblemMiddleware: RouterMiddleware {
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
