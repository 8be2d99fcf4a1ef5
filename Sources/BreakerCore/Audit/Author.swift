/// Who orders a change, and from where.
package struct Author: Hashable, Sendable {
    /// The actor of everything that is ordered from a server without tokens.
    package static let anonymous = "anonymous"

    package var actor: String
    /// The address that the order came from; `nil` where it came from none.
    package var address: String?

    package init(actor: String, address: String?) {
        self.actor = actor
        self.address = address
    }

    /// What tells this client from others: the token's name; without tokens `@` and the address. No token has a name
    /// with `@`.
    package var client: String { actor == Self.anonymous ? "@\(address ?? "")" : actor }
}
