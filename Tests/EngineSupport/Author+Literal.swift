package import BreakerCore

/// Tests order as `"alice"`, from nowhere.
extension Author: ExpressibleByStringLiteral {
    package init(stringLiteral actor: String) {
        self.init(actor: actor, address: nil)
    }
}
