import BreakerCore
import BreakerEngine
import Crypto

/// What a browser shows in the place of a token: the token's name, an end, an id, and a code that only the server can make.
/// The server stores nothing of a session until it is ended by ``SessionRegister/revoke(_:of:endingAt:at:)``.
///
/// The code's key is the server's own. The code covers the token's digest as well, so a session ends when its token is
/// removed or replaced.
struct Session {
    /// The name of the token.
    var name: String
    /// The first instant at which it is good no longer.
    var end: Instant
    /// 128 random bits.
    var id: String

    init(of token: Token, at now: Instant) {
        var random = SystemRandomNumberGenerator()
        name = token.name
        end = now.advanced(byMilliseconds: SessionRegister.sessionLengthMs)
        id = (0..<2).map { _ in String(random.next() as UInt64, radix: 16) }.joined(separator: "-")
    }

    /// Reads what ``text(of:key:)`` wrote.
    ///
    /// - Parameter key: the server's.
    /// - Returns: `nil` unless this server made the text for `token`. An ended session is read all the same.
    init?(_ text: String, of token: Token, key: [UInt8]) {
        // The name is the last, for it may have dots in it.
        let parts = text.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, let code = Self.bytes(ofHex: parts[0]), let end = Int64(parts[1]),
            parts[3] == token.name
        else { return nil }
        self.end = Instant(milliseconds: end)
        id = parts[2]
        name = token.name
        // Takes as long for any code.
        guard
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message(of: token), using: .init(data: key))
        else { return nil }
    }

    /// Whether its time has come, and is not over. One that ends later than a session of `now` would was begun before the
    /// clock was set back.
    func isGood(at now: Instant) -> Bool {
        now < end && end <= now.advanced(byMilliseconds: SessionRegister.sessionLengthMs)
    }

    func text(of token: Token, key: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: message(of: token), using: .init(data: key))
        return code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "." + fields
    }

    private var fields: String { "\(end.milliseconds).\(id).\(name)" }

    /// What the code covers, with words of its own, so that no other use of the key makes one.
    private func message(of token: Token) -> [UInt8] {
        Array("fusebox session\n\(fields)\n".utf8) + (token.digest ?? [])
    }

    private static func bytes(ofHex text: String) -> [UInt8]? {
        let digits = text.utf8.map(\.hexDigitValue)
        guard digits.count == 2 * SHA256.byteCount, !digits.contains(nil) else { return nil }
        let values = digits.compactMap { $0 }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}

/// The cookie that carries a session.
///
/// It has no path of its own: a browser takes the folder of `/v1/session` as it sees it, below whatever path a proxy put
/// the server. No script can read it, and no other site's page have it sent.
enum SessionCookie {
    static let name = "fusebox_session"

    /// - Parameters:
    ///   - text: the session; empty to end it.
    ///   - isSecure: whether the browser shall send it by TLS only.
    static func field(_ text: String, isSecure: Bool) -> String {
        let seconds = text.isEmpty ? 0 : SessionRegister.sessionLengthMs / 1_000
        return "\(name)=\(text); Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    /// The sessions that a request shows: servers on other ports of a machine share its cookies.
    static func texts(in field: String?) -> [String] {
        (field ?? "").split(separator: ";").compactMap { pair in
            let pair = pair.drop { $0 == " " }
            return pair.hasPrefix(name + "=") ? String(pair.dropFirst(name.utf8.count + 1)) : nil
        }
    }
}
