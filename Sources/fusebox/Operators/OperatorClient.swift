import AsyncHTTPClient
import BreakerAPI
import BreakerClient
import BreakerCore
import BreakerText
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// The HTTP client of the operators' commands: it sends and receives documents on any route.
///
/// `BreakerClient` is for workers: it has few routes, and its errors do not keep the problem document.
struct OperatorClient: Sendable {
    let address: ServerAddress
    private let http: HTTPClient

    /// - Parameter silence: how long the server may be silent within an answer; `nil` for no limit.
    init(address: ServerAddress, silence: TimeAmount? = nil) {
        self.address = address
        http = silence == nil ? address.http : .forFusebox(tls: address.tls, silence: silence)
    }

    typealias Query = [(name: String, value: String?)]

    struct Reply: Sendable {
        var body: Data
        var headers: HTTPHeaders = [:]

        func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
            do {
                return try JSONDecoder().decode(type, from: body)
            } catch {
                throw ServerFailure(description: "the server's answer cannot be decoded: \(error)")
            }
        }
    }

    private static let timeout = TimeAmount.seconds(30)
    /// The maximum number of bytes of an answer that are read: the largest list page with room to spare.
    static let maximumBody = 64 << 20

    func get(_ path: String, _ query: Query = []) async throws -> Reply {
        try await send(.GET, path, query)
    }

    /// - Parameter body: a JSON object.
    /// - Throws: ``ServerProblem`` if the server refuses the request, ``ServerFailure`` if it does not answer.
    func send(
        _ method: HTTPMethod,
        _ path: String,
        _ query: Query = [],
        body: Data? = nil,
        within timeout: TimeAmount = Self.timeout
    ) async throws -> Reply {
        try await address.reached {
            let response = try await execute(method, path, query, body: body, within: timeout)
            let body = Data(buffer: try await response.body.collect(upTo: Self.maximumBody))
            return Reply(body: body, headers: response.headers)
        }
    }

    /// - Returns: the head of the answer, with its body as a stream.
    func execute(
        _ method: HTTPMethod,
        _ path: String,
        _ query: Query,
        body: Data? = nil,
        headers: [(String, String)] = [],
        within timeout: TimeAmount = Self.timeout
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: address.url + path + Self.text(query))
        request.method = method
        if let token = address.token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(body)
        }
        let response = try await http.execute(request, timeout: timeout)
        guard (200..<300).contains(response.status.code) else {
            let body = Data(buffer: try await response.body.collect(upTo: Self.maximumBody))
            throw ServerProblem(status: Int(response.status.code), reason: response.status.reasonPhrase, body: body)
        }
        return response
    }

    private static func text(_ query: Query) -> String {
        let parts = query.compactMap { name, value in value.map { "\(name)=\(encoded($0))" } }
        return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String {
        let plain = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        return text.addingPercentEncoding(withAllowedCharacters: plain) ?? text
    }
}

/// The server's refusal of a request, with its problem document.
struct ServerProblem: Error, CustomStringConvertible {
    var status: Int
    var code: String?
    var detail: String
    /// The problem document as received; empty if the answer does not come from a Fusebox server.
    var document = Data()

    init(status: Int, reason: String, body: Data) {
        self.status = status
        let problem = try? JSONDecoder().decode(ProblemDocument.self, from: body)
        code = problem?.code
        detail = problem?.detail ?? Self.strange(reason)
        if problem != nil { document = body }
    }

    static func strange(_ reason: String) -> String { "the answer does not come from a Fusebox server: \(reason)" }

    var description: String {
        let advice = status == 401 ? "; give a token with FUSEBOX_TOKEN, --token-file or a context" : ""
        return "\(detail) (\(status)\(code.map { " " + $0 } ?? ""))\(advice)"
    }
}

extension OperatorClient {
    /// Reads all pages of a list as one document. The document has a next page only if `limit` cut the list off.
    ///
    /// - Parameters:
    ///   - key: the member that holds the items.
    ///   - limit: the maximum number of items.
    func list(
        _ path: String,
        _ query: Query = [],
        key: String,
        limit: Int = .max,
        progress: (Int) -> Void = { _ in }
    ) async throws -> Data {
        var document: [String: Any] = [:]
        var items: [Any] = []
        var token = ""
        repeat {
            let size = min(limit - items.count, Self.pageSize)
            let page = try await get(
                path,
                query + [("page_size", "\(size)"), ("page_token", token.isEmpty ? nil : token)]
            )
            guard let object = try? JSONSerialization.jsonObject(with: page.body) as? [String: Any],
                let more = object[key] as? [Any]
            else { throw ServerFailure(description: "the answer of \(address.url)\(path) is not a list") }
            // The other members come from the first page.
            document.merge(object) { first, _ in first }
            items += more
            token = object["next_page_token"] as? String ?? ""
            progress(items.count)
        } while !token.isEmpty && items.count < limit
        document[key] = items
        document["next_page_token"] = token
        return try JSONSerialization.data(withJSONObject: document)
    }

    /// The maximum page size of a server.
    private static let pageSize = 1_000

    func breaker(_ name: String) async throws -> Reply { try await get(Paths.breaker(name)) }
}

extension OperatorClient {
    /// Reads an answer of JSON lines until it ends.
    ///
    /// - Parameter take: gets each line without its line break; returns `false` to stop.
    /// - Throws: the errors of ``send(_:_:_:body:within:)``, and those of `take` unchanged.
    func lines(_ path: String, _ query: Query = [], take: (Data) async throws -> Bool) async throws {
        let response = try await address.reached {
            try await execute(.GET, path, query, headers: [("accept", "application/x-ndjson")])
        }
        var bytes = response.body.makeAsyncIterator()
        var begun = ByteBuffer()
        while var buffer = try await address.reached({ try await bytes.next() }) {
            begun.writeBuffer(&buffer)
            while let end = begun.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                let line = begun.readData(length: end - begun.readerIndex) ?? Data()
                begun.moveReaderIndex(forwardBy: 1)
                guard try await take(line) else { return }
            }
            guard begun.readableBytes <= Self.maximumBody else {
                throw ServerFailure(description: "the answer of \(address.url)\(path) is not a list of lines")
            }
            begun.discardReadBytes()
        }
        guard begun.readableBytes == 0 else {
            throw ServerFailure(description: "\(address.url) closed the connection within a line", isUnreachable: true)
        }
    }
}

extension OperatorClient.Reply {
    /// The server's current time. This is the time of this machine if the two clocks differ by at most 2 s, because the
    /// server sends whole seconds.
    var now: Instant {
        let own = Instant.now()
        guard let text = headers.first(name: "date"), let date = Self.httpDate.date(from: text) else { return own }
        let server = Instant(milliseconds: Int64(date.timeIntervalSince1970) * 1_000)
        return abs(own.milliseconds(until: server)) > 2_000 ? server : own
    }

    private static var httpDate: DateFormatter {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format
    }
}

extension OperatorClient {
    /// Asks the user to confirm an order. The question begins with the server's name, if it has one.
    ///
    /// - Parameter question: a printable text.
    func isConfirmed(_ question: String) async throws -> Bool {
        let name = try await version().name
        return try Confirmation.isGiven((name.map { "\($0.printable): " } ?? "") + question)
    }

    /// Prints the server's name above other output. Other programs may read output that is not on a terminal, so it has
    /// no such line.
    func printName(on screen: Screen) async throws {
        guard screen.isTerminal, let heading = try await version().heading(on: screen) else { return }
        try Output.lines([heading, ""])
    }

    private func version() async throws -> VersionDocument { try await get(Paths.version).decoded() }
}

extension VersionDocument {
    /// The server's name in its colour; `nil` if it has none.
    func heading(on screen: Screen) -> String? { name.map { screen.paint($0, style) } }

    private var style: Style {
        switch colour.flatMap({ ServerColour(rawValue: $0) }) {
        case .red?: .bad
        case .amber?: .warning
        case .green?: .good
        case .violet?: .ordered
        case .blue?, .grey?, nil: .strong
        }
    }
}
