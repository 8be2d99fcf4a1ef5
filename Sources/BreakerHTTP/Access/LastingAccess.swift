import BreakerCore
import HTTPTypes

/// The access of an answer without an end of its own: it lasts no longer than the token, or the session, that it was
/// given for, and no longer than that has the role and the prefix that it had.
struct LastingAccess: Sendable {
    let access: Access
    private let gatekeeper: Gatekeeper
    /// What the request showed.
    private let fields: HTTPFields
    /// The common name of the client's certificate.
    private let certificate: String?
    /// Of the tokens that it was found among.
    private var revision: Int
    /// When a session ends.
    private var end: Instant?

    /// - Throws: `unauthorized`.
    init(
        _ gatekeeper: Gatekeeper,
        _ fields: HTTPFields,
        certificate: String? = nil,
        at now: Instant
    ) throws(Problem) {
        self.gatekeeper = gatekeeper
        self.fields = fields
        self.certificate = certificate
        revision = gatekeeper.revision
        (access, end) = try gatekeeper.lookUp(fields, certificate: certificate, at: now)
    }

    /// Whether it holds at `now`. It costs a look at a number, but where the tokens were replaced.
    mutating func holds(at now: Instant) -> Bool {
        let revision = gatekeeper.revision
        if revision == self.revision, end.map({ now < $0 }) ?? true { return true }
        guard let found = try? gatekeeper.lookUp(fields, certificate: certificate, at: now), found.access == access
        else { return false }
        (self.revision, end) = (revision, found.end)
        return true
    }
}
