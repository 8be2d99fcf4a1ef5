import BreakerAPI
import BreakerCore
package import BreakerEngine
import HTTPTypes
import NIOConcurrencyHelpers

/// Checks the tokens and sessions of requests. The tokens can be replaced while the server runs.
package final class Gatekeeper: Sendable {
    private struct Register {
        /// `nil` where the server has no tokens; then every client may do everything.
        var tokens: Tokens?
        var revision = 0
    }

    private struct Tokens {
        let all: [Token]
        let byDigest: [[UInt8]: Token]
        let byCertificate: [String: Token]
        let byName: [String: [Token]]

        init(_ tokens: [Token]) {
            all = tokens
            byDigest = Dictionary(tokens.compactMap { token in token.digest.map { ($0, token) } }) { first, _ in first }
            byCertificate = Dictionary(tokens.filter { $0.digest == nil }.map { ($0.name, $0) }) { first, _ in first }
            byName = Dictionary(grouping: tokens, by: \.name)
        }
    }

    private let register: NIOLockedValueBox<Register>
    private let onReplacement = NIOLockedValueBox<(@Sendable () -> Void)?>(nil)
    private let hosts: Set<String>
    private let isLoopback: Bool
    private let sessions: SessionRegister

    /// - Parameters:
    ///   - tokens: `nil` for a server that has none.
    ///   - hosts: names by which clients may reach a server without tokens, besides the local names that
    ///     ``requireKnownHost(_:)`` accepts.
    ///   - isLoopback: whether only this machine can connect.
    ///   - sessions: holds the key of browsers' sessions, and the sessions that were ended.
    package init(
        tokens: [Token]?,
        hosts: [String] = [],
        isLoopback: Bool = false,
        sessions: SessionRegister = SessionRegister()
    ) {
        register = NIOLockedValueBox(Register(tokens: tokens.map(Tokens.init)))
        self.hosts = Set(hosts.map { $0.lowercased() })
        self.isLoopback = isLoopback
        self.sessions = sessions
    }

    /// Whether clients have to show a token.
    var hasTokens: Bool { register.withLockedValue { $0.tokens != nil } }

    /// Whether all requests come from one client: the holder of the only token or, without tokens, this machine.
    var hasOneClient: Bool {
        register.withLockedValue { register in
            guard let tokens = register.tokens else { return isLoopback }
            return tokens.all.allSatisfy { $0.name == tokens.all.first?.name }
        }
    }

    package func replace(tokens: [Token]) {
        let tokens = Tokens(tokens)
        register.withLockedValue { register in
            register.tokens = tokens
            register.revision += 1
        }
        let report = onReplacement.withLockedValue { $0 }
        report?()
    }

    /// Calls `body` each time the tokens have been replaced.
    func whenReplaced(_ body: @escaping @Sendable () -> Void) {
        onReplacement.withLockedValue { $0 = body }
    }

    /// Whether the token of an access is still one of the server's. Its role and its prefix may have changed.
    func knows(_ access: Access) -> Bool {
        guard let tokens = register.withLockedValue({ $0.tokens }) else { return true }
        guard let digest = access.digest else { return tokens.byCertificate[access.actor] != nil }
        return tokens.byDigest[digest]?.name == access.actor
    }

    /// A number that grows each time the tokens are replaced or a session is ended. Read it before
    /// ``access(authorization:certificate:)``, never after: a change between the two then causes a needless lookup, and
    /// never leaves an outdated access in use.
    var revision: Int { register.withLockedValue { $0.revision } }

    /// The number of the workers' tokens; 0 where there are no tokens.
    package var workerTokens: Int {
        // While a token is rotated, two lines of the tokens file have its name.
        register.withLockedValue { register in
            Set((register.tokens?.all ?? []).filter { $0.role == .worker }.map(\.name)).count
        }
    }

    /// - Parameters:
    ///   - authorization: the value of the request's `authorization`, if it has one. Then the certificate is ignored.
    ///   - certificate: the common name of the client's certificate, which TLS has verified.
    /// - Throws: `unauthorized`.
    func access(authorization: String?, certificate: String? = nil) throws(Problem) -> Access {
        guard let tokens = register.withLockedValue({ $0.tokens }) else { return .anonymous }
        guard let authorization else {
            if let certificate, let token = tokens.byCertificate[certificate] { return Access(token) }
            let detail = "a token is required: authorization: Bearer <secret>"
            throw Problem(.unauthorized, detail, failure: AuthenticationFailure(reason: .missingToken))
        }
        let words = authorization.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            let detail = "the authorization field must be: Bearer <secret>"
            throw Problem(.unauthorized, detail, failure: AuthenticationFailure(reason: .unknownToken))
        }
        // The lookup is by digest, not by secret: its duration reveals nothing about any secret.
        guard let token = tokens.byDigest[Token.digest(of: words[1].utf8)] else { throw Self.unknownToken }
        return Access(token)
    }

    /// The access of a request's authorization; without one, of its session; without either, of the client's
    /// certificate.
    ///
    /// - Throws: `unauthorized`.
    func access(_ fields: HTTPFields, certificate: String?, at now: Instant) throws(Problem) -> Access {
        try lookUp(fields, certificate: certificate, at: now).access
    }

    /// As ``access(_:certificate:at:)``, with the instant at which the access expires; `nil` where it does not expire.
    func lookUp(
        _ fields: HTTPFields,
        certificate: String?,
        at now: Instant
    ) throws(Problem) -> (access: Access, end: Instant?) {
        if fields[.authorization] == nil, let (token, session) = signedIn(in: fields, at: now) {
            return (Access(token), session.end)
        }
        return (try access(authorization: fields[.authorization], certificate: certificate), nil)
    }

    /// The access of the session that a request shows; `nil` where it shows no valid session.
    func session(in fields: HTTPFields, at now: Instant) -> Access? {
        signedIn(in: fields, at: now).map { Access($0.token) }
    }

    private func signedIn(in fields: HTTPFields, at now: Instant) -> (token: Token, session: BrowserSession)? {
        goodSessions(in: fields, at: now).first { _ in true }
    }

    /// The valid sessions that a request shows. Each is looked up when the sequence reaches it.
    private func goodSessions(
        in fields: HTTPFields,
        at now: Instant
    ) -> some Sequence<(token: Token, session: BrowserSession)> {
        let texts = SessionCookie.texts(in: fields[.cookie]).prefix(Self.mostSessions)
        let (key, tokens) = (sessions.key, register.withLockedValue { $0.tokens?.byName } ?? [:])
        return texts.lazy.compactMap { [sessions] text in
            for token in BrowserSession.tokenName(in: text).flatMap({ tokens[$0] }) ?? [] {
                guard let session = BrowserSession(text, of: token, key: key), session.isGood(at: now),
                    !sessions.isRevoked(session.id, of: token.name, endingAt: session.end)
                else { continue }
                return (token, session)
            }
            return nil
        }
    }

    /// Ends the sessions that a request shows.
    ///
    /// - Returns: whether the request showed any valid session.
    func signOut(_ fields: HTTPFields, at now: Instant) -> Bool {
        var hasEnded = false
        for (token, session) in goodSessions(in: fields, at: now) {
            sessions.revoke(session.id, of: token.name, endingAt: session.end, at: now)
            hasEnded = true
        }
        // Makes streams look up their access again.
        if hasEnded { register.withLockedValue { $0.revision += 1 } }
        return hasEnded
    }

    /// Begins a session of the token with this secret.
    ///
    /// - Returns: the session's text.
    /// - Throws: `unauthorized`; `forbidden` for a worker's token, which may read no list; `invalid_request` on a
    ///   server without tokens.
    func signIn(secret: String, at now: Instant) throws(Problem) -> String {
        guard let tokens = register.withLockedValue({ $0.tokens }) else {
            throw Problem(.invalidRequest, "the server has no tokens and needs no sign-in")
        }
        guard let token = tokens.byDigest[Token.digest(of: secret.utf8)] else { throw Self.unknownToken }
        guard Requirement.read.isMet(by: token.role) else {
            throw Problem(
                .forbidden,
                "the token \(token.name) has the role worker; sign in with the token of a viewer or an operator",
                failure: AuthenticationFailure(reason: .insufficientToken, token: token.name)
            )
        }
        return BrowserSession(of: token, at: now).text(of: token, key: sessions.key)
    }

    /// The maximum number of sessions that are checked for one request: more than the cookies that a browser keeps for
    /// one host (Chromium 180), so that another server on the host cannot hide a session among its own cookies.
    private static let mostSessions = 200

    private static let unknownToken = Problem(
        .unauthorized,
        "the token is unknown",
        failure: AuthenticationFailure(reason: .unknownToken)
    )

    /// Rejects requests that a web page sends through its visitor's browser without the visitor's consent.
    ///
    /// - Throws: `cross_site`, `unknown_host`.
    func admit(_ request: HTTPRequest) throws(Problem) {
        let marks = BrowserMarks(request)
        guard marks.areThere else { return }
        if Gate.isAsked(by: request) { return try Gate.requireProxy(request) }
        if request.method != .get, request.method != .head { try marks.requireOwnSite() }
        try requireKnownHost(request)
    }

    /// Requires that a request to a server without tokens uses one of the server's own names.
    ///
    /// Without tokens, every client may do everything. A web page can point a name of its own at the server's address
    /// ("DNS rebinding"), and the browser then treats the page and the server as one site. So browsers and operators
    /// must use one of the server's own names. Workers may use any name. A server that only this machine can reach
    /// accepts only the names of this machine and the configured hosts: on a hostile network, a page can own a name in
    /// `.local` or without a dot.
    ///
    /// - Throws: `unknown_host`.
    func requireKnownHost(_ request: HTTPRequest) throws(Problem) {
        guard register.withLockedValue({ $0.tokens == nil }), let authority = request.authority, !authority.isEmpty
        else { return }
        let host = HostName(authority)
        if let host, (isLoopback ? host.isLoopback : host.isLocal) || hosts.contains(host.name) { return }
        throw Problem(
            .unknownHost,
            "the server has no tokens and does not know the host \(host?.name ?? authority); "
                + "if it is a name of this server, add it to the setting hosts"
        )
    }
}
