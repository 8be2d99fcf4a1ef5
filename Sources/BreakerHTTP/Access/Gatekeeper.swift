import BreakerAPI
import NIOConcurrencyHelpers

/// Knows the tokens. They can be replaced while the server runs.
package final class Gatekeeper: Sendable {
    /// `nil` where the server has no tokens, and everybody may do everything.
    private let tokens: NIOLockedValueBox<[[UInt8]: Token]?>

    package init(tokens: [Token]?) {
        self.tokens = NIOLockedValueBox(tokens.map(Self.byDigest))
    }

    package func replace(tokens: [Token]) {
        self.tokens.withLockedValue { $0 = Self.byDigest(tokens) }
    }

    /// - Parameter authorization: the value of the request's `authorization`, if it has one.
    /// - Throws: `unauthorized`.
    func access(authorization: String?) throws(Problem) -> Access {
        guard let tokens = tokens.withLockedValue({ $0 }) else { return .anonymous }
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
