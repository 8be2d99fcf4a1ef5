/// Why a store could not do what it was asked.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// Nothing was stored or read; trying again may help.
        case unavailable
        /// A commit failed: whether its batch is stored shows at the next start.
        case outcomeUnknown = "outcome_unknown"
        /// Another process owns the store.
        case inUse = "in_use"
        /// What is stored makes no sense.
        case corrupt
        /// The store was made by another version of the program, or by another program.
        case incompatible
    }

    package var code: Code
    /// A sentence for the operator; it may name files, and says what to do where something can be done.
    package var message: String
    /// What lies behind it, for the log: the database's own words and extended result code.
    package var cause: String?

    package init(_ code: Code, _ message: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        cause.map { "\(message) (\($0))" } ?? message
    }
}
