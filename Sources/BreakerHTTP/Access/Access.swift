import BreakerAPI
import BreakerCore

/// The identity of a client and what it may do.
struct Access: Hashable, Sendable {
    /// The name of the token: the actor of the orders that are given with it.
    var actor: String
    var role: Role
    /// The prefix of the names that the client may touch; empty for all names.
    var prefix: String
    /// The digest of the token's secret; `nil` for a token with a certificate, and on a server without tokens.
    var digest: [UInt8]?

    init(_ token: Token) {
        self.init(actor: token.name, role: token.role, prefix: token.prefix, digest: token.digest)
    }

    init(actor: String, role: Role, prefix: String, digest: [UInt8]? = nil) {
        self.actor = actor
        self.role = role
        self.prefix = prefix
        self.digest = digest
    }

    /// The access of every client of a server without tokens.
    static let anonymous = Access(actor: Author.anonymous, role: .operator, prefix: "")

    func allows(_ requirement: Requirement) -> Bool { requirement.isMet(by: role) }

    func allows(_ name: BreakerName) -> Bool { name.value.hasPrefix(prefix) }

    /// - Throws: `forbidden`, with the missing right.
    func require(_ requirement: Requirement) throws(Problem) {
        guard allows(requirement) else {
            throw insufficient("the role \(role.rawValue) of the token \(actor) does not allow this request")
        }
    }

    /// - Throws: `forbidden` for a name that the token's prefix excludes.
    func require(_ name: BreakerName) throws(Problem) {
        guard allows(name) else {
            throw insufficient("the token \(actor) is limited to names that begin with \(prefix)")
        }
    }

    /// - Throws: `forbidden` if the token's prefix excludes any of the names.
    func require(_ names: some Sequence<BreakerName>) throws(Problem) {
        guard let foreign = names.filter({ !allows($0) }).min() else { return }
        throw insufficient(
            "the token \(actor) is limited to names that begin with \(prefix), and \(foreign) does not"
        )
    }

    /// - Throws: `forbidden` where the token's prefix excludes some names that begin with `prefix`.
    func require(prefix: String) throws(Problem) {
        guard prefix.hasPrefix(self.prefix) else {
            throw insufficient("the token \(actor) is limited to names that begin with \(self.prefix)")
        }
    }

    /// - Throws: `forbidden` for a token that is limited to some names.
    func requireAllNames() throws(Problem) {
        guard prefix.isEmpty else {
            throw insufficient("the token \(actor) is limited to names that begin with \(prefix)")
        }
    }

    private func insufficient(_ detail: String) -> Problem {
        Problem(.forbidden, detail, failure: AuthenticationFailure(reason: .insufficientToken, token: actor))
    }
}
