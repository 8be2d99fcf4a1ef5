import BreakerAPI
import NIOConcurrencyHelpers

/// Knows the tokens. They can be replaced while the server runs.
package final class Gatekeeper: Sendable {
    private struct Register {
        /// `nil` where the server has no tokens, and everybody may do everything.
        var tokens: [[UInt8]: Token]?
        var revision = 0
    }

    private let register: NIOLockedValueBox<Register>

    package init(tokens: [Token]?) {
        register = NIOLockedValueBox(Register(tokens: tokens.map(Self.byDigest)))
    }

    package func replace(tokens: [Token]) {
        let tokens = Self.byDigest(tokens)
        register.withLockedValue { register in
            register.tokens = tokens
            register.revision += 1
        }
    }

    /// Grows each time the tokens are replaced. Read it before ``access(authorization:)``, never behind: what was found
    /// among newer tokens is then asked for again, and never the other way round.
    var revision: Int { register.withLockedValue { $0.revision } }

    /// - Parameter authorization: the value of the request's `authorization`, if it has one.
    /// - Throws: `unauthorized`.
    func access(authorization: String?) throws(Problem) -> Access {
        guard let tokens = register.withLockedValue({ $0.tokens }) else { return .anonymous }
        guard let authorization else {
            throw Problem(.unauthorized, "a token is required: authorization: Bearer <secret>")
        }
        let words = authorization.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            throw Problem(.unauthorized, "the authorization must be: Bearer <secret>")
        }
        // A digest is looked up, not a secret: how long that takes tells nothing of any secret.
        guard let token = tokens[Token.digest(of: words[1].utf8)] else {
            throw Problem(.unauthorized, "the token is not known")
        }
        return Access(actor: token.name, role: token.role, prefix: token.prefix)
    }

    private static func byDigest(_ tokens: [Token]) -> [[UInt8]: Token] {
        Dictionary(tokens.map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
