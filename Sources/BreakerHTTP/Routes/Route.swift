import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes
import Hummingbird

/// What a request asks for, once the framework's part is done: the parameters of its path, its query, its body, and
/// who asks.
struct Inquiry: Sendable {
    /// The `{name}` of the path, or the `{file}`, as it was sent.
    var name: String
    var query: Query
    var fields: HTTPFields
    var body: [UInt8]
    var access: Access
    /// The address that it came from; `nil` where the connection has none.
    var address: String?
    /// The common name of the client's certificate, which TLS has verified; `nil` where there is none.
    var certificate: String?
    /// Whether the client came by TLS: to the server itself, or to a proxy that says so.
    var isSecure: Bool

    /// Who asks, for what is kept of the order.
    var author: Author { Author(actor: access.actor, address: address) }

    /// Whose turn its commands take.
    var client: Client { Client(author) }

    /// The breaker that the path names, if the token may touch it.
    func breakerName() throws(Problem) -> BreakerName {
        let name = try DecisionRequest.name(name)
        try access.require(name)
        return name
    }
}

/// One thing that can be asked of the server. The list of all routes is what the router serves, what a 405 names, and
/// what `openapi.yaml` is held against.
struct Route: Sendable {
    enum Response: Sendable {
        case whole(Answer)
        /// A file that is sent piece by piece.
        case file(UnlinkedFile, fields: HTTPFields)
        /// What is made while it is sent. An error cuts the connection, so that nobody takes a part for the whole.
        case pieces(HTTPFields, write: @Sendable (inout any ResponseBodyWriter) async throws -> Void)
        /// What has no end of its own.
        case stream(EventStream, fields: HTTPFields)
    }

    var method: HTTPRequest.Method
    /// With `{name}` where a breaker's name stands, and `{file}` where a file's does.
    var path: String
    var requirement: Requirement
    /// How many bytes a body may have.
    var maximumBody: Int
    /// The parameters that its query may have; `nil` where others are left alone. An order with a misspelt one is not
    /// carried out.
    var parameters: Set<String>?
    /// Whether its query is of no concern, be it as broken as it may.
    var ignoresQuery = false
    var respond: @Sendable (Inquiry) async throws -> Response

    init(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ requirement: Requirement,
        maximumBody: Int? = nil,
        parameters: Set<String> = [],
        respond: @escaping @Sendable (Inquiry) async throws -> Answer
    ) {
        self.parameters = requirement == .steer ? parameters : nil
        self.method = method
        self.path = path
        self.requirement = requirement
        self.maximumBody = maximumBody ?? (requirement == .none ? HTTPLimits.strangerBody : HTTPLimits.body)
        self.respond = { .whole(try await respond($0)) }
    }

    /// One whose answer may be sent as it is made. It takes no body.
    init(
        sending method: HTTPRequest.Method,
        _ path: String,
        _ requirement: Requirement,
        respond: @escaping @Sendable (Inquiry) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.requirement = requirement
        self.maximumBody = 0
        self.respond = respond
    }

    /// Whether a request's path, without its query, is this route's. One with an empty name in it is nobody's.
    func matches(path other: some StringProtocol) -> Bool {
        let own = path.split(separator: "/", omittingEmptySubsequences: false)
        let other = other.split(separator: "/", omittingEmptySubsequences: false)
        return own.count == other.count && zip(own, other).allSatisfy { $0.hasPrefix("{") && !$1.isEmpty || $0 == $1 }
    }

    static let name = Paths.namePlaceholder
}
