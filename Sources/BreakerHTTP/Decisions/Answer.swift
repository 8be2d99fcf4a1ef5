import BreakerAPI
import HTTPTypes

/// A whole answer, on whatever way it leaves the server.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var fields: HTTPFields
    /// The `retry-after`, behind ``fields``; beside them, for most answers share theirs with others.
    var retryAfterSeconds: Int64?
    var body: [UInt8]

    init(status: HTTPResponse.Status = .ok, fields: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// A JSON document.
    static func json(_ document: JSON, status: HTTPResponse.Status = .ok) -> Answer {
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
            // What is left of the request may never come.
            fields[.connection] = "close"
        default: break
        }
        if let seconds = problem.retryAfterSeconds { retryAfterSeconds = seconds }
        if let allow = problem.allow { fields[.allow] = allow }
    }
}
