package import BreakerCore

/// A literal such as `"alice"` is an author without an address.
extension Author: ExpressibleByStringLiteral {
    package init(stringLiteral actor: String) {
        self.init(actor: actor, address: nil)
    }
}
