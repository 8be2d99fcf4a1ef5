import BreakerAPI
import HTTPTypes

/// A complete answer, which the lane or the router sends.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var fields: HTTPFields
    /// The value of `retry-after`, which follows ``fields``. It is separate, because most answers share their fields.
    var retryAfterSeconds: Int64?
    var body: [UInt8]

    init(status: HTTPResponse.Status = .ok, fields: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// A JSON document.
    static func json(_ document: some Document, status: HTTPResponse.Status = .ok) -> Answer {
        Answer(status: status, fields: [.contentType: "application/json"], body: document.bytes)
    }

    init(_ problem: Problem) {
        fields = [.contentType: "application/problem+json", .cacheControl: "no-store"]
        status = HTTPResponse.Status(code: problem.status)
        body = problem.document.bytes
        switch problem.code {
        case .overloaded, .storageUnavailable, .outcomeUnknown, .shuttingDown:
            retryAfterSeconds = 1
        case .unauthorized: fields[.wwwAuthenticate] = "Bearer realm=\"fusebox\""
        case .requestTimeout, .bodyTooLarge, .malformedRequest, .headersTooLarge:
            // The rest of the request may never arrive.
            fields[.connection] = "close"
        default: break
        }
        if let seconds = problem.retryAfterSeconds { retryAfterSeconds = seconds }
        if let allow = problem.allow { fields[.allow] = allow }
    }
}
