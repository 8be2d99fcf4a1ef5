import BreakerAPI
import BreakerEngine

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
