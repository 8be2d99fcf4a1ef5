/// Who orders a change, and from where.
package struct Author: Hashable, Sendable, ExpressibleByStringLiteral {
    package var actor: String
    /// The address that the order came from; `nil` where it came from none.
    package var address: String?

    package init(actor: String, address: String?) {
        self.actor = actor
        self.address = address
    }

    package init(stringLiteral actor: String) {
        self.init(actor: actor, address: nil)
    }
}
