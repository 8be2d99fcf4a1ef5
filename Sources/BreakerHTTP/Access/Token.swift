package import BreakerCore
import Crypto

/// A client's token: a secret, of which the server has only the digest, or a TLS certificate.
package struct Token: Hashable, Sendable {
    package var name: String
    package var role: Role
    /// The names of the breakers that the token may use.
    package var scope: NameScope
    /// SHA-256 of the secret; `nil` where the client shows a certificate whose subject has the token's name as its common
    /// name.
    package var digest: [UInt8]?

    package init(name: String, role: Role, scope: NameScope, digest: [UInt8]?) {
        self.name = name
        self.role = role
        self.scope = scope
        self.digest = digest
    }

    static func digest(of secret: some Collection<UInt8>) -> [UInt8] {
        Array(SHA256.hash(data: Array(secret)))
    }

    /// Makes a token with a secret of 32 random bytes.
    ///
    /// - Returns: the token, and the secret, which is stored nowhere else.
    package static func make(name: String, role: Role, scope: NameScope) -> (token: Token, secret: String) {
        var random = SystemRandomNumberGenerator()
        let secret = secretPrefix + (0..<4).map { _ in (random.next() as UInt64).hexadecimal }.joined()
        return (Token(name: name, role: role, scope: scope, digest: digest(of: secret.utf8)), secret)
    }

    /// As ``make(name:role:scope:)``, for all names that begin with `prefix`.
    package static func make(name: String, role: Role, prefix: String) -> (token: Token, secret: String) {
        make(name: name, role: role, scope: NameScope(prefix: prefix))
    }

    /// The token's line in a tokens file.
    package var line: String {
        ([name, role.rawValue] + (scope == .all ? [] : [scope.description]) + [proof]).joined(separator: " ")
    }

    private var proof: String {
        guard let digest else { return Self.certificate }
        return Self.digestPrefix + digest.hexadecimal
    }

    /// Marks a Fusebox secret for tools that scan for leaked secrets.
    private static let secretPrefix = "fbx_"
    static let digestPrefix = "sha256:"
    /// Replaces the digest in the line of a token with a certificate.
    static let certificate = "certificate"
    /// Bytes of a SHA-256 digest.
    static let digestLength = 32
}
