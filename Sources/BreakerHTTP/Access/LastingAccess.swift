import BreakerAPI
import BreakerCore
import HTTPTypes

/// The access of a response that may last. It ends with the token or the session that it comes from, and when that
/// token's role or prefix changes.
struct LastingAccess: Sendable {
    let access: Access
    private let gatekeeper: Gatekeeper
    /// The header fields of the request.
    private let fields: HTTPFields
    /// The common name of the client's certificate.
    private let certificate: String?
    /// The revision of the tokens that the access was found among.
    private var revision: Int
    /// The instant at which a session expires; `nil` where the access does not expire.
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

    /// Whether the access is valid at `now`. This compares two numbers, and looks the access up only where the tokens
    /// or the sessions have changed or the session has expired.
    mutating func holds(at now: Instant) -> Bool {
        let revision = gatekeeper.revision
        if revision == self.revision, end.map({ now < $0 }) ?? true { return true }
        guard let found = try? gatekeeper.lookUp(fields, certificate: certificate, at: now), found.access == access
        else { return false }
        (self.revision, end) = (revision, found.end)
        return true
    }

    /// - Throws: `unauthorized` if the access is no longer valid.
    mutating func require(at now: Instant) throws(Problem) {
        guard holds(at: now) else { throw Problem(.unauthorized, "the token or the session ended during the answer") }
    }
}
