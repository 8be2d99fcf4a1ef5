import BreakerAPI
import BreakerCore

/// Who asks, and what they may do.
struct Access: Hashable, Sendable {
    /// The name of the token: the actor of what is ordered with it.
    var actor: String
    var role: Role
    /// A prefix of every name that may be touched; empty for all.
    var prefix: String

    init(_ token: Token) {
        self.init(actor: token.name, role: token.role, prefix: token.prefix)
    }

    init(actor: String, role: Role, prefix: String) {
        self.actor = actor
        self.role = role
        self.prefix = prefix
    }

    /// Whoever reaches a server that has no tokens.
    static let anonymous = Access(actor: Author.anonymous, role: .operator, prefix: "")

    func allows(_ requirement: Requirement) -> Bool { requirement.isMet(by: role) }

    func allows(_ name: BreakerName) -> Bool { name.value.hasPrefix(prefix) }

    /// - Throws: `forbidden`, saying what is missing.
    func require(_ requirement: Requirement) throws(Problem) {
        guard allows(requirement) else {
            throw insufficient("the token \(actor) has the role \(role.rawValue), which may not do this")
        }
    }

    /// - Throws: `forbidden` for a name that the token's prefix excludes.
    func require(_ name: BreakerName) throws(Problem) {
        guard allows(name) else {
            throw insufficient("the token \(actor) is limited to names that begin with \(prefix)")
        }
    }

    /// - Throws: `forbidden` where some names that begin with `prefix` are excluded.
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
