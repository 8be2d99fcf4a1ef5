package import AsyncHTTPClient
package import BreakerAPI
package import Foundation
package import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// The HTTP client of a Fusebox server, for a worker: one method for each request.
///
/// Each method makes one attempt. The caller decides how to continue if the server is unreachable.
package struct FuseboxClient: Sendable {
    /// The server's URL: `http://127.0.0.1:7979`.
    package let url: String
    private let token: String?
    private let timeout: TimeAmount
    private let http: HTTPClient

    /// - Parameters:
    ///   - url: the server's URL.
    ///   - token: the secret of a token; `nil` for a server without tokens.
    ///   - timeout: how long one request may take.
    ///   - http: the client that sends the requests; if `nil`, one that all instances share.
    package init(url: String, token: String? = nil, timeout: TimeAmount = .seconds(2), http: HTTPClient? = nil) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.token = token
        self.timeout = timeout
        self.http = http ?? Self.sharedHTTP
    }

    /// Asks whether a call may go through.
    ///
    /// - Parameter creates: whether the server creates an unknown breaker.
    /// - Throws: a ``FuseboxError`` if the server gave no decision; any other error if the server could not be reached.
    package func acquire(_ name: String, creates: Bool = true) async throws -> DecisionDocument {
        try await send(.POST, Paths.acquire(name) + (creates ? "" : "?create=false"), as: DecisionDocument.self)
    }

    /// Reports the outcome of a call.
    ///
    /// - Parameters:
    ///   - outcome: `success`, `failure` or `ignored`.
    ///   - name: the breaker's name.
    ///   - permit: the permit that the acquire returned.
    ///   - durationMs: how long the call took, in milliseconds.
    ///   - ageMs: how long ago the call ended, in milliseconds.
    ///   - kind: a short word for a failure.
    ///   - detail: a sentence about the failure.
    ///   - reporter: the worker's own name for itself.
    ///   - reportID: the id under which the server recognises a repetition of this report.
    /// - Throws: as ``acquire(_:)``.
    package func report(
        _ outcome: String,
        to name: String,
        permit: String? = nil,
        durationMs: Int64? = nil,
        ageMs: Int64? = nil,
        kind: String? = nil,
        detail: String? = nil,
        reporter: String? = nil,
        reportID: String? = nil
    ) async throws -> ReportAnswerDocument {
        let report = ReportDocument(
            outcome: outcome,
            permit: permit,
            durationMs: durationMs,
            ageMs: ageMs,
            kind: kind,
            detail: detail,
            reporter: reporter,
            reportID: reportID
        )
        return try await send(.POST, Paths.report(name), body: Data(report.bytes), as: ReportAnswerDocument.self)
    }

    /// Gives a breaker a policy: `{"policy":{…}}` or `{"preset":"…"}`, as JSON.
    package func putPolicy(_ json: String, of name: String) async throws {
        _ = try await send(.PUT, Paths.breaker(name), body: Data(json.utf8))
    }

    /// The breaker as operators see it, as JSON.
    package func breaker(_ name: String) async throws -> Data {
        try await send(.GET, Paths.breaker(name))
    }

    /// Whether the server is ready for requests.
    /// - Throws: if the server could not be reached.
    package func isReady() async throws -> Bool {
        try await execute(.GET, Paths.readyz, body: nil).status == .ok
    }

    /// Requests a consistent copy of the database, which the response body streams.
    /// - Parameter timeout: how long the server may take to begin.
    /// - Returns: the response, with status 200; its `repr-digest` is the digest of the whole body.
    package func backUp(timeout: TimeAmount = .minutes(10)) async throws -> HTTPClientResponse {
        let response = try await execute(.POST, Paths.backup, body: nil, timeout: timeout)
        guard response.status == .ok else { throw try await Self.error(from: response) }
        return response
    }

    /// Reports the outcomes of many calls, in order.
    func report(_ reports: [ReportDocument]) async throws -> ReportsAnswerDocument {
        let body = Data(ReportsDocument(reports: reports).bytes)
        return try await send(.POST, Paths.reports, body: body, as: ReportsAnswerDocument.self)
    }

    /// Sends counts of decisions, which change no state.
    func count(_ decisions: [DecisionCountDocument]) async throws {
        _ = try await send(.POST, Paths.reports, body: Data(ReportsDocument(decisions: decisions).bytes))
    }

    /// Follows the changes of all breakers, one JSON object a line.
    ///
    /// - Parameters:
    ///   - position: the last known change; `nil` to begin with the whole panel.
    ///   - heartbeatMs: the interval of heartbeats on a quiet stream, in milliseconds.
    /// - Returns: the response, with status 200 and an endless body.
    func follow(after position: StreamPosition?, heartbeatMs: Int64) async throws -> HTTPClientResponse {
        var request = request(.GET, "\(Paths.events)?heartbeat_ms=\(heartbeatMs)")
        request.headers.add(name: "accept", value: "application/x-ndjson")
        if let position { request.headers.add(name: "last-event-id", value: position.text) }
        let response = try await http.execute(request, deadline: .distantFuture)
        guard response.status == .ok else { throw try await Self.error(from: response) }
        return response
    }

    // MARK: One request

    /// The HTTP client that sends requests if no other was given. It is never shut down: it lives as long as the
    /// process.
    package static let sharedHTTP = HTTPClient(configuration: httpConfiguration)

    /// The configuration of HTTP clients for a Fusebox server.
    package static var httpConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // The caller has to learn at once that the server is unreachable; retries would take the whole time-out.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Half of the server's idle timeout, so that no request is sent on a connection that is about to be closed.
        configuration.connectionPool.idleTimeout = .seconds(30)
        // Each stream holds a connection, and requests to a fast server must not wait behind those to a slow server.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_024
        return configuration
    }

    private func send<Document: Decodable>(
        _ method: HTTPMethod,
        _ path: String,
        body: Data? = nil,
        as type: Document.Type
    ) async throws -> Document {
        try JSONDecoder().decode(type, from: try await send(method, path, body: body))
    }

    private func send(_ method: HTTPMethod, _ path: String, body: Data? = nil) async throws -> Data {
        try await withinTimeout {
            let response = try await execute(method, path, body: body)
            guard (200..<300).contains(response.status.code) else { throw try await Self.error(from: response) }
            return Data(buffer: try await response.body.collect(upTo: Self.maximumBody))
        }
    }

    /// Applies the time-out to the whole answer: the HTTP client's own time-out ends with the head, and a body may
    /// never end.
    private func withinTimeout(_ exchange: @escaping @Sendable () async throws -> Data) async throws -> Data {
        try await withThrowingTaskGroup(of: Data.self) { group in
            group.addTask(operation: exchange)
            group.addTask {
                try await Task.sleep(for: .nanoseconds(timeout.nanoseconds))
                throw HTTPClientError.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { preconditionFailure("a group of two gave no result") }
            return first
        }
    }

    private func execute(
        _ method: HTTPMethod,
        _ path: String,
        body: Data?,
        timeout: TimeAmount? = nil
    ) async throws -> HTTPClientResponse {
        var request = request(method, path)
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(body)
        }
        return try await http.execute(request, timeout: timeout ?? self.timeout)
    }

    private func request(_ method: HTTPMethod, _ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        return request
    }

    private static func error(from response: HTTPClientResponse) async throws -> FuseboxError {
        let body = Data(buffer: try await response.body.collect(upTo: maximumBody))
        let problem = try? JSONDecoder().decode(ProblemDocument.self, from: body)
        return FuseboxError(
            status: Int(response.status.code),
            code: problem?.code,
            detail: problem?.detail ?? response.status.reasonPhrase
        )
    }

    /// The maximum number of bytes of an answer that are read: the largest list page with room to spare.
    private static let maximumBody = 8_388_608
}

/// The server's answer that it did not do what was requested.
package struct FuseboxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The HTTP status.
    package var status: Int
    /// A `ProblemCode`, or a code of a later version; `nil` if the answer does not come from a Fusebox server.
    package var code: String?
    package var detail: String

    /// Whether the server is reachable, and asking again changes nothing until an operator acts. An answer without a
    /// code comes from a proxy in front of the server.
    var isRefusal: Bool { code != nil && (400..<500).contains(status) && status != 408 && status != 429 }

    /// Whether the content of the request can never be accepted.
    var isAboutContent: Bool { [400, 413, 422].contains(status) }

    package var description: String { "\(detail) (\(status)\(code.map { " " + $0 } ?? ""))" }
}
