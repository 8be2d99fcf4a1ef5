import BreakerAPI
import BreakerEngine
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// An error as it is sent to the client: safe to show, with the fields at fault.
struct Problem: Error, Hashable, Sendable {
    typealias Fault = ProblemDocument.Fault

    var code: ProblemCode
    /// A sentence about this occurrence.
    var detail: String
    var faults: [Fault] = []
    /// The methods that the resource has, for a 405.
    var allow: String?
    /// The failed authentication that caused the problem, for the log and the metrics.
    var failure: AuthenticationFailure?
    /// Seconds until a limit ends.
    var retryAfterSeconds: Int64?
    /// The HTTP status: that of the code, except at a gate.
    var status: Int

    init(_ code: ProblemCode, _ detail: String, faults: [Fault] = []) {
        self.code = code
        self.detail = detail
        self.faults = faults
        status = code.status
    }

    init(_ code: ProblemCode, _ detail: String, failure: AuthenticationFailure) {
        self.init(code, detail)
        self.failure = failure
    }

    static let notFound = Problem(.notFound, "there is nothing at this path")
    static let unknownMethod = Problem(.notImplemented, "the server does not implement this method")
    static let malformedBytes = Problem(.malformedRequest, "the bytes are not an HTTP/1.1 request")
    static let bodyTooLate = Problem(.requestTimeout, "the body did not arrive in time")
    static let smallChunks = Problem(
        .malformedRequest,
        "the chunks of a body with more than \(HTTPLimits.bodyChunks) of them must have \(HTTPLimits.chunkBytes) bytes on "
            + "average; send larger chunks"
    )
    static let headTooLarge = Problem(
        .headersTooLarge,
        "the head of a request may have at most \(HTTPLimits.headers) bytes and \(HTTPLimits.headerFields) fields"
    )

    /// The problem of fields that are at fault.
    init(_ code: ProblemCode, faults: [Fault]) {
        self.init(code, Self.text(of: faults), faults: faults)
    }

    /// The problem of a field with an invalid value.
    static func invalid(_ field: String, _ detail: String) -> Problem {
        Problem(.invalidRequest, "\(field) \(detail)", faults: [Fault(field: field, detail: detail)])
    }

    /// The problem of several fields with invalid values.
    static func invalid(_ faults: [Fault]) -> Problem {
        Problem(.invalidRequest, faults: faults)
    }

    /// The faults as one text, which names only the first: some requests can have thousands.
    private static func text(of faults: [Fault]) -> String {
        let named = faults.prefix(faultsInText).map { "\($0.field) \($0.detail)" }.joined(separator: "; ")
        return faults.count > faultsInText ? "\(named); and \(faults.count - faultsInText) more" : named
    }

    private static let faultsInText = 20

    init(_ error: EngineError) {
        let code: ProblemCode =
            switch error.code {
            case .unknownBreaker: .unknownBreaker
            case .breakerLimit: .breakerLimit
            case .reportIDConflict: .reportIDConflict
            case .forced: .forced
            case .preconditionFailed: .preconditionFailed
            case .invalidPolicy: .invalidPolicy
            case .storageUnavailable: .storageUnavailable
            case .outcomeUnknown: .outcomeUnknown
            case .overloaded: .overloaded
            case .shuttingDown: .shuttingDown
            }
        let faults = error.faults.map { Fault(field: $0.field, detail: $0.detail) }
        self.init(
            code,
            faults.isEmpty ? error.message : "\(error.message): \(Self.text(of: faults))",
            faults: faults
        )
    }

    var document: ProblemDocument {
        ProblemDocument(code, status: status, detail: detail, errors: faults.isEmpty ? nil : faults)
    }
}

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
