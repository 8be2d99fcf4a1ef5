/// What one client may do, remembered for as long as it shows the same authorization and the tokens stay the same:
/// a digest for each request would cost more than the decision.
struct Credentials {
    private let gatekeeper: Gatekeeper
    private var known: (authorization: String?, revision: Int, access: Access)?

    init(_ gatekeeper: Gatekeeper) {
        self.gatekeeper = gatekeeper
    }

    /// What was found for the authorization that was shown last, if `isSame` says that it is shown again.
    func known(where isSame: (_ authorization: String) -> Bool) -> Access? {
        guard let known, let authorization = known.authorization, isSame(authorization) else { return nil }
        return known.revision == gatekeeper.revision ? known.access : nil
    }

    /// - Returns: `nil` where the authorization is not good.
    mutating func access(_ authorization: String?) -> Access? {
        let revision = gatekeeper.revision
        if let known, known.revision == revision, known.authorization == authorization { return known.access }
        guard let access = try? gatekeeper.access(authorization: authorization) else { return nil }
        known = (authorization, revision, access)
        return access
    }
}
