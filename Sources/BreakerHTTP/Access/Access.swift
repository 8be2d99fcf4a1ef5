import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes

/// The identity of a client and what it may do.
struct Access: Hashable, Sendable {
    /// The name of the token: the actor of the orders that are given with it.
    var actor: String
    var role: Role
    /// The names that the client may touch.
    var scope: NameScope
    /// The digest of the token's secret; `nil` for a token with a certificate, and on a server without tokens.
    var digest: [UInt8]?

    init(_ token: Token) {
        self.init(actor: token.name, role: token.role, scope: token.scope, digest: token.digest)
    }

    init(actor: String, role: Role, scope: NameScope, digest: [UInt8]? = nil) {
        self.actor = actor
        self.role = role
        self.scope = scope
        self.digest = digest
    }

    /// The access of every client of a server without tokens.
    static let anonymous = Access(actor: Author.anonymous, role: .operator, scope: .all)

    func allows(_ requirement: Requirement) -> Bool { requirement.isMet(by: role) }

    func allows(_ name: BreakerName) -> Bool { scope.contains(name) }

    /// - Throws: `forbidden`, with the missing right.
    func require(_ requirement: Requirement) throws(Problem) {
        guard allows(requirement) else {
            throw insufficient("the role \(role.rawValue) of the token \(actor) does not allow this request")
        }
    }

    /// - Throws: `forbidden` for a name that the token's prefix excludes.
    func require(_ name: BreakerName) throws(Problem) {
        guard allows(name) else { throw limited }
    }

    /// - Throws: `forbidden` if the token's prefix excludes any of the names.
    func require(_ names: some Sequence<BreakerName>) throws(Problem) {
        guard let foreign = names.filter({ !allows($0) }).min() else { return }
        throw insufficient("the token \(actor) is limited to \(scope.inWords), and \(foreign) is not among them")
    }

    /// - Throws: `forbidden` where the token's prefix excludes some names that begin with `prefix`.
    func require(prefix: String) throws(Problem) {
        guard scope.contains(prefix: prefix) else { throw limited }
    }

    /// - Throws: `forbidden` for a token that is limited to some names.
    func requireAllNames() throws(Problem) {
        try require(prefix: "")
    }

    private var limited: Problem { insufficient("the token \(actor) is limited to \(scope.inWords)") }

    private func insufficient(_ detail: String) -> Problem {
        Problem(.forbidden, detail, failure: AuthenticationFailure(reason: .insufficientToken, token: actor))
    }
}

/// The role of a token: the requests that it allows.
package enum Role: String, CaseIterable, Sendable {
    /// Acquire, report, read one breaker, and follow the changes.
    case worker
    /// Read everything.
    case viewer
    /// Everything.
    case `operator`
}

/// The right that a client needs for a route.
enum Requirement: Hashable, Sendable {
    /// No right: any client may use the route, also without a token.
    case none
    /// Acquire and report.
    case work
    /// Read the present state of one breaker.
    case readOne
    /// Follow the changes, as workers do that decide locally.
    case follow
    /// Read lists and history.
    case read
    case steer

    /// Whether only operators and viewers use a route with this requirement.
    var isForOperators: Bool {
        switch self {
        case .none, .work, .readOne, .follow: false
        case .read, .steer: true
        }
    }

    func isMet(by role: Role) -> Bool {
        switch role {
        case .operator: true
        case .viewer: [.none, .readOne, .follow, .read].contains(self)
        case .worker: [.none, .readOne, .follow, .work].contains(self)
        }
    }
}

/// The access of a response that may last. It ends with the token or the session that it comes from, and when that
/// token's role or prefix changes.
struct LastingAccess: Sendable {
    let access: Access
    private let gatekeeper: Gatekeeper
    /// The header fields of the request.
    private let fields: HTTPFields
    /// The common name of the client's certificate.
    private let certificate: String?
    /// The revision of the tokens that the access was found among.
    private var revision: Int
    /// The instant at which a session expires; `nil` where the access does not expire.
    private var end: Instant?

    /// - Throws: `unauthorized`.
    init(
        _ gatekeeper: Gatekeeper,
        _ fields: HTTPFields,
        certificate: String? = nil,
        at now: Instant
    ) throws(Problem) {
        self.gatekeeper = gatekeeper
        self.fields = fields
        self.certificate = certificate
        revision = gatekeeper.revision
        (access, end) = try gatekeeper.lookUp(fields, certificate: certificate, at: now)
    }

    /// Whether the access is valid at `now`. This compares two numbers, and looks the access up only where the tokens
    /// or the sessions have changed or the session has expired.
    mutating func holds(at now: Instant) -> Bool {
        let revision = gatekeeper.revision
        if revision == self.revision, end.map({ now < $0 }) ?? true { return true }
        guard let found = try? gatekeeper.lookUp(fields, certificate: certificate, at: now), found.access == access
        else { return false }
        (self.revision, end) = (revision, found.end)
        return true
    }

    /// - Throws: `unauthorized` if the access is no longer valid.
    mutating func require(at now: Instant) throws(Problem) {
        guard holds(at: now) else { throw Problem(.unauthorized, "the token or the session ended during the answer") }
    }
}

/// The access of one client, cached while it shows the same authorization and the tokens stay the same. A digest for
/// each request would cost more than the decision.
struct Credentials {
    private let gatekeeper: Gatekeeper
    private let address: String?
    /// The common name of the client's certificate, once TLS has verified it.
    var certificate: String?
    private var known: (authorization: String?, revision: Int, access: Access)?
    /// The access that was found last.
    var lastAccess: Access? { known?.access }
    /// The client of this access, as the engine's queue knows it.
    private(set) var client = Client.server

    /// - Parameter address: the peer address of the connection; `nil` where it has none.
    init(_ gatekeeper: Gatekeeper, address: String? = nil) {
        self.gatekeeper = gatekeeper
        self.address = address
    }

    /// The access of the last authorization, if `isSame` says that the request shows that authorization again.
    func known(where isSame: (_ authorization: String) -> Bool) -> Access? {
        guard let known, let authorization = known.authorization, isSame(authorization) else { return nil }
        return known.revision == gatekeeper.revision ? known.access : nil
    }

    /// - Returns: `nil` where the authorization is not valid.
    mutating func access(_ authorization: String?) -> Access? {
        let revision = gatekeeper.revision
        if let known, known.revision == revision, known.authorization == authorization { return known.access }
        guard let access = try? gatekeeper.access(authorization: authorization, certificate: certificate)
        else { return nil }
        known = (authorization, revision, access)
        client = Client(Author(actor: access.actor, address: address))
        return access
    }
}
