import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes
import Hummingbird

/// A request after the framework has read it: the parameters of its path, its query, its body, and its client.
struct RequestContext: Sendable {
    /// The `{name}` or the `{file}` of the path, percent-decoded.
    var name: String
    var query: Query
    var fields: HTTPFields
    var body: [UInt8]
    var access: Access
    /// The peer address of the connection; `nil` where it has none.
    var address: String?
    /// The common name of the client's certificate, which TLS has verified; `nil` where there is none.
    var certificate: String?
    /// Whether the client used TLS, to the server itself or to a proxy that reports it.
    var isSecure: Bool

    /// The author of an order, as the server records it.
    var author: Author { Author(actor: access.actor, address: address) }

    /// The client in whose turn the commands are carried out.
    var client: Client { Client(author) }

    /// The breaker that the path names, if the token may touch it.
    func breakerName() throws(Problem) -> BreakerName {
        let name = try DecisionRequest.name(name)
        try access.require(name)
        return name
    }
}

/// A route of the server. The list of all routes is the list that the router serves, that a 405 takes its methods from,
/// and that `openapi.yaml` is checked against.
struct Route: Sendable {
    enum Response: Sendable {
        case whole(Answer)
        /// A body that is made while it is sent, of `length` bytes if that is known. An error cuts the connection, so that
        /// no client takes a part for the whole.
        case pieces(
            HTTPFields,
            length: Int? = nil,
            write: @Sendable (inout any ResponseBodyWriter) async throws -> Void
        )
        /// A stream without an end of its own.
        case stream(EventStream, fields: HTTPFields)
    }

    var method: HTTPRequest.Method
    /// The template of the path, with `{name}` for a breaker's name and `{file}` for a file's name.
    var path: String
    var requirement: Requirement
    /// The maximum number of bytes of a body.
    var maximumBody: Int
    /// The parameters that the query may have; `nil` where others are ignored. An order with a misspelt parameter is
    /// rejected.
    var parameters: Set<String>?
    /// Whether the query is ignored, even if it is malformed.
    var ignoresQuery = false
    /// Whether a request may have both a query and a body.
    var takesQueryAndBody = false
    /// Called with the problem of an invalid request for a breaker that the client may use.
    var noteInvalid: (@Sendable (Problem, BreakerName, Client) -> Void)?
    var respond: @Sendable (RequestContext) async throws -> Response

    init(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ requirement: Requirement,
        maximumBody: Int? = nil,
        parameters: Set<String>? = nil,
        takesQueryAndBody: Bool = false,
        respond: @escaping @Sendable (RequestContext) async throws -> Answer
    ) {
        self.takesQueryAndBody = takesQueryAndBody
        self.parameters = parameters ?? (requirement == .steer ? [] : nil)
        self.method = method
        self.path = path
        self.requirement = requirement
        self.maximumBody = maximumBody ?? (requirement == .none ? HTTPLimits.strangerBody : HTTPLimits.body)
        self.respond = { .whole(try await respond($0)) }
    }

    /// A route whose answer may be sent while it is made. It takes no body.
    init(
        sending method: HTTPRequest.Method,
        _ path: String,
        _ requirement: Requirement,
        respond: @escaping @Sendable (RequestContext) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.requirement = requirement
        self.maximumBody = 0
        self.respond = respond
    }

    /// Whether a request's path, without its query, matches this route. A path with an empty name matches no route.
    func matches(path other: some StringProtocol) -> Bool {
        let own = path.split(separator: "/", omittingEmptySubsequences: false)
        let other = other.split(separator: "/", omittingEmptySubsequences: false)
        return own.count == other.count && zip(own, other).allSatisfy { $0.hasPrefix("{") && !$1.isEmpty || $0 == $1 }
    }

    static let name = Paths.namePlaceholder
}
