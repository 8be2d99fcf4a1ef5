import BreakerAPI
import BreakerCore

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
