package import BreakerCore
import Crypto

/// Reads a tokens file: one token per line, `name role [prefix] sha256:<hex>` or `name role [prefix] certificate`; `#`
/// begins a comment. In place of the prefix there may be a list of prefixes and single names, such as
/// `=payments,payments:`. Several lines may have the same name if they have the same role and prefix.
package enum TokenFile {
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package var file: String
        /// The number of the line; the first is 1.
        package var line: Int
        package var detail: String

        package var description: String { "\(file):\(line): \(detail)" }
    }

    /// - Parameters:
    ///   - file: the file's name in errors.
    ///   - acceptsCertificates: whether the server verifies client certificates; otherwise a line that needs one is an
    ///     error.
    package static func parse(
        _ text: String,
        file: String,
        acceptsCertificates: Bool = false
    ) throws(Failure) -> [Token] {
        var tokens: [Token] = []
        var firstOfName: [String: Token] = [:]
        var proofs: Set<Proof> = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
            guard !words.isEmpty else { continue }
            let token: Token
            do throws(Fault) {
                token = try Self.token(words)
            } catch {
                throw Failure(file: file, line: index + 1, detail: error.detail)
            }
            if token.digest == nil, !acceptsCertificates {
                throw Failure(file: file, line: index + 1, detail: "a token with a certificate requires tls_client_ca")
            }
            let proof = if let digest = token.digest { Proof.digest(digest) } else { Proof.certificate(of: token.name) }
            guard proofs.insert(proof).inserted else {
                throw Failure(file: file, line: index + 1, detail: "another line has the same digest or certificate")
            }
            // Two lines with the same name are one client, whose secret is being replaced.
            if let other = firstOfName[token.name], (other.role, other.scope) != (token.role, token.scope) {
                throw Failure(
                    file: file,
                    line: index + 1,
                    detail: "another line of the name \(token.name) has another role or prefix"
                )
            }
            if firstOfName[token.name] == nil { firstOfName[token.name] = token }
            tokens.append(token)
        }
        guard !tokens.isEmpty else {
            throw Failure(file: file, line: 1, detail: "the file has no tokens, so no client can use the server")
        }
        return tokens
    }

    /// The proof that a client shows. No two lines have the same proof.
    private enum Proof: Hashable {
        case digest([UInt8])
        case certificate(of: String)
    }

    private struct Fault: Error {
        var detail: String
    }

    private static func token(_ words: [String]) throws(Fault) -> Token {
        guard words.count == 3 || words.count == 4 else {
            throw Fault(
                detail: "a line must be: name role [prefix], then sha256:<64 hexadecimal digits> or certificate"
            )
        }
        guard isName(words[0]) else {
            throw Fault(
                detail: "a token's name must be 1 to \(BreakerName.maximumLength) characters of A-Z a-z 0-9 . _ : -, "
                    + "starting with a letter or digit"
            )
        }
        guard words[0] != Author.anonymous else {
            throw Fault(detail: "the name \(words[0]) is reserved for servers without tokens")
        }
        guard let role = Role(rawValue: words[1]) else {
            throw Fault(detail: "the role must be worker, viewer or operator, not \(words[1])")
        }
        let scope: NameScope
        do throws(NameScope.Failure) {
            scope = words.count == 4 ? try NameScope(words[2]) : .all
        } catch {
            throw Fault(detail: error.detail)
        }
        let proof = words[words.count - 1]
        let digest = digest(proof)
        guard digest != nil || proof == Token.certificate else {
            let digest = "\(Token.digestPrefix) and 64 hexadecimal digits"
            throw Fault(detail: "a line must end with \(digest), or with \(Token.certificate)")
        }
        return Token(name: words[0], role: role, scope: scope, digest: digest)
    }

    /// Whether `text` can be a token's name, or the beginning of a breaker's name.
    package static func isName(_ text: String) -> Bool { BreakerName(text) != nil }

    private static func digest(_ word: String) -> [UInt8]? {
        guard word.hasPrefix(Token.digestPrefix) else { return nil }
        let digest = [UInt8](hexadecimal: word.dropFirst(Token.digestPrefix.count))
        return digest?.count == Token.digestLength ? digest : nil
    }
}

extension TokenFile {
    /// Whether the text has only comments and empty lines.
    package static func isEmpty(_ text: String) -> Bool {
        lines(of: text).allSatisfy { name(in: $0) == nil }
    }

    /// The text without the lines of a name, and how many these are. All other lines stay byte for byte.
    ///
    /// - Parameter keepsLast: whether the last line of the name stays, too.
    package static func removeLines(
        of name: String,
        from text: String,
        keepsLast: Bool
    ) -> (text: String, count: Int) {
        let lines = lines(of: text)
        let own = lines.indices.filter { self.name(in: lines[$0]) == name }
        let removed = Set(own.dropLast(keepsLast ? 1 : 0))
        var rest = ""
        for index in lines.indices where !removed.contains(index) {
            let end = index + 1 < lines.count ? lines[index + 1].startIndex : text.endIndex
            rest += text[lines[index].startIndex..<end]
        }
        return (rest, removed.count)
    }

    private static func lines(of text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    /// The name of the token of a line; `nil` for a line without a token.
    private static func name(in line: Substring) -> String? {
        line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
}

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
