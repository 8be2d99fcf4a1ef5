/// An error in JSON (RFC 9457).
package struct ProblemDocument: Document {
    package static let writesNull = false

    package struct Fault: Codable, Hashable, Sendable {
        /// The field as the client wrote it: `duration_ms`, `policy.window_ms`, `reports[3].name`.
        package var field: String
        package var detail: String

        package init(field: String, detail: String) {
            self.field = field
            self.detail = detail
        }
    }

    package var type: String
    package var title: String
    package var status: Int
    /// A sentence about this occurrence.
    package var detail: String
    /// A ``ProblemCode``, or a code that a later version adds.
    package var code: String
    /// The fields at fault; `nil` if there are none.
    package var errors: [Fault]?

    package init(_ code: ProblemCode, status: Int, detail: String, errors: [Fault]?) {
        type = code.type
        title = code.title
        self.status = status
        self.detail = detail
        self.code = code.rawValue
        self.errors = errors
    }
}

/// The machine-readable `code` of a problem document (RFC 9457).
package enum ProblemCode: String, CaseIterable, Sendable {
    // The request.
    /// The bytes are not an HTTP request.
    case malformedRequest = "malformed_request"
    /// A field is missing or has an invalid value; `errors` names each such field.
    case invalidRequest = "invalid_request"
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    /// The method or the transfer coding is not supported by any route.
    case notImplemented = "not_implemented"
    case requestTimeout = "request_timeout"
    case bodyTooLarge = "body_too_large"
    case headersTooLarge = "headers_too_large"
    case unsupportedEncoding = "unsupported_encoding"
    // The client.
    case unauthorized
    case forbidden
    /// Too many sign-in attempts from this address have failed.
    case tooManySignIns = "too_many_sign_ins"
    /// The token or the server already has the maximum number of event streams.
    case tooManyStreams = "too_many_streams"
    /// A page of another site sent the request through its visitor's browser.
    case crossSite = "cross_site"
    /// The request's host name is not known to be this server's. Only a server without tokens checks it.
    case unknownHost = "unknown_host"
    // The operation.
    case unknownBreaker = "unknown_breaker"
    case breakerLimit = "breaker_limit"
    case invalidPolicy = "invalid_policy"
    case reportIDConflict = "report_id_conflict"
    /// An override prevents the operation.
    case forced
    case preconditionFailed = "precondition_failed"
    /// The server cannot use its tokens file, and keeps the tokens that it has.
    case invalidTokens = "invalid_tokens"
    // The server.
    case storageUnavailable = "storage_unavailable"
    case outcomeUnknown = "outcome_unknown"
    case overloaded
    case shuttingDown = "shutting_down"
    case internalError = "internal_error"

    /// The HTTP status that is sent with this code.
    package var status: Int {
        switch self {
        case .malformedRequest, .invalidRequest, .invalidPolicy: 400
        case .unauthorized: 401
        case .forbidden, .crossSite, .unknownHost: 403
        case .notFound, .unknownBreaker: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .reportIDConflict, .forced, .invalidTokens: 409
        case .preconditionFailed: 412
        case .bodyTooLarge: 413
        case .unsupportedEncoding: 415
        case .breakerLimit: 422
        case .tooManySignIns, .tooManyStreams: 429
        case .headersTooLarge: 431
        case .internalError: 500
        case .notImplemented: 501
        case .storageUnavailable, .outcomeUnknown, .overloaded, .shuttingDown: 503
        }
    }

    /// A short title, the same for every problem with this code.
    package var title: String {
        switch self {
        case .malformedRequest: "Malformed request"
        case .invalidRequest: "Invalid request"
        case .notFound: "Not found"
        case .methodNotAllowed: "Method not allowed"
        case .notImplemented: "Not implemented"
        case .requestTimeout: "Request timed out"
        case .bodyTooLarge: "Body too large"
        case .headersTooLarge: "Headers too large"
        case .unsupportedEncoding: "Unsupported content encoding"
        case .unauthorized: "Unauthorized"
        case .forbidden: "Forbidden"
        case .tooManySignIns: "Too many failed sign-ins"
        case .tooManyStreams: "Too many streams"
        case .crossSite: "Cross-site request"
        case .unknownHost: "Unknown host"
        case .unknownBreaker: "Unknown breaker"
        case .breakerLimit: "Too many breakers"
        case .invalidPolicy: "Invalid policy"
        case .reportIDConflict: "Report id in use"
        case .forced: "An override is in force"
        case .preconditionFailed: "Precondition failed"
        case .invalidTokens: "Invalid tokens file"
        case .storageUnavailable: "Storage unavailable"
        case .outcomeUnknown: "Outcome unknown"
        case .overloaded: "Overloaded"
        case .shuttingDown: "Shutting down"
        case .internalError: "Internal error"
        }
    }

    /// The URI that identifies the kind of problem.
    package var type: String { "urn:fusebox:problem:\(rawValue)" }
}
