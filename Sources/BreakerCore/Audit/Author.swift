/// The author of an order: the actor and the address from which the order came.
package struct Author: Hashable, Sendable {
    /// The actor of every order to a server without tokens.
    package static let anonymous = "anonymous"

    package var actor: String
    /// The address from which the order came; `nil` if it has none.
    package var address: String?

    package init(actor: String, address: String?) {
        self.actor = actor
        self.address = address
    }

    /// Identifies the client: the token's name; without tokens, `@` and the address. No token's name contains `@`.
    package var client: String { actor == Self.anonymous ? "@\(address ?? "")" : actor }
}
