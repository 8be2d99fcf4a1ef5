import BreakerCore
import BreakerEngine

/// The access of one client, cached while it shows the same authorization and the tokens stay the same. A digest for
/// each request would cost more than the decision.
struct Credentials {
    private let gatekeeper: Gatekeeper
    private let address: String?
    /// The common name of the client's certificate, once TLS has verified it.
    var certificate: String?
    private var known: (authorization: String?, revision: Int, access: Access)?
    /// The access that was found last.
    var lastAccess: Access? { known?.access }
    /// The client of this access, as the engine's queue knows it.
    private(set) var client = Client.server

    /// - Parameter address: the peer address of the connection; `nil` where it has none.
    init(_ gatekeeper: Gatekeeper, address: String? = nil) {
        self.gatekeeper = gatekeeper
        self.address = address
    }

    /// The access of the last authorization, if `isSame` says that the request shows that authorization again.
    func known(where isSame: (_ authorization: String) -> Bool) -> Access? {
        guard let known, let authorization = known.authorization, isSame(authorization) else { return nil }
        return known.revision == gatekeeper.revision ? known.access : nil
    }

    /// - Returns: `nil` where the authorization is not valid.
    mutating func access(_ authorization: String?) -> Access? {
        let revision = gatekeeper.revision
        if let known, known.revision == revision, known.authorization == authorization { return known.access }
        guard let access = try? gatekeeper.access(authorization: authorization, certificate: certificate)
        else { return nil }
        known = (authorization, revision, access)
        client = Client(Author(actor: access.actor, address: address))
        return access
    }
}
