import BreakerCore
import BreakerEngine
import Crypto

/// A browser's session, which it shows instead of a token: the token's name, an end, an id, and a code that only the
/// server can make. The server stores nothing about a session until ``SessionRegister/revoke(_:of:endingAt:at:)`` ends
/// it.
///
/// The code's key is the server's own. The code covers the token's digest as well, so a session ends when its token is
/// removed or replaced.
struct BrowserSession {
    /// The name of the token.
    var name: String
    /// The instant at which the session expires. From this instant on it is invalid.
    var end: Instant
    /// 128 random bits.
    var id: String

    init(of token: Token, at now: Instant) {
        var random = SystemRandomNumberGenerator()
        name = token.name
        end = now.advanced(byMilliseconds: SessionRegister.sessionLengthMs)
        id = (0..<2).map { _ in (random.next() as UInt64).hexadecimal }.joined(separator: "-")
    }

    /// Reads what ``text(of:key:)`` wrote.
    ///
    /// - Parameter key: the server's key.
    /// - Returns: `nil` unless this server made the text for `token`. The text of an expired session is read as well.
    init?(_ text: String, of token: Token, key: [UInt8]) {
        let parts = Self.parts(of: text)
        guard parts.count == 4, let code = [UInt8](hexadecimal: parts[0]), code.count == SHA256.byteCount,
            let end = Int64(parts[1]), parts[3] == token.name
        else { return nil }
        self.end = Instant(milliseconds: end)
        id = parts[2]
        name = token.name
        // The check takes the same time for every code.
        guard
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message(of: token), using: .init(data: key))
        else { return nil }
    }

    /// The name of the token in the text of a session, which need not be valid; `nil` if `text` is not of this form.
    static func tokenName(in text: String) -> String? {
        let parts = Self.parts(of: text)
        return parts.count == 4 ? parts[3] : nil
    }

    /// The code, the end, the id, and the name, which comes last because it may contain dots.
    private static func parts(of text: String) -> [String] {
        text.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
    }

    /// Whether the session has begun and has not expired. A session whose end is later than the end of one begun at
    /// `now` was begun before the clock was set back; it is not valid.
    func isGood(at now: Instant) -> Bool {
        now < end && end <= now.advanced(byMilliseconds: SessionRegister.sessionLengthMs)
    }

    func text(of token: Token, key: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: message(of: token), using: .init(data: key))
        return code.hexadecimal + "." + fields
    }

    private var fields: String { "\(end.milliseconds).\(id).\(name)" }

    /// The bytes that the code covers. They begin with words of their own, so that no other use of the key makes such a
    /// code.
    private func message(of token: Token) -> [UInt8] {
        Array("fusebox session\n\(fields)\n".utf8) + (token.digest ?? [])
    }
}

/// The cookie that carries a session.
///
/// The cookie sets no path: a browser uses the folder of `/v1/session` in the address as the browser sees it, whatever
/// path a proxy puts the server under. No script can read the cookie, and no page of another site can have it sent.
enum SessionCookie {
    static let name = "fusebox_session"

    /// - Parameters:
    ///   - text: the session; empty to end it.
    ///   - isSecure: whether the browser may send the cookie by TLS only.
    static func field(_ text: String, isSecure: Bool) -> String {
        let seconds = text.isEmpty ? 0 : SessionRegister.sessionLengthMs / 1_000
        return "\(name)=\(text); Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    /// The sessions that a request shows. There can be several, because servers on other ports of a host share its
    /// cookies.
    static func texts(in field: String?) -> [String] {
        (field ?? "").split(separator: ";").compactMap { pair in
            let pair = pair.drop { $0 == " " }
            return pair.hasPrefix(name + "=") ? String(pair.dropFirst(name.utf8.count + 1)) : nil
        }
    }
}
