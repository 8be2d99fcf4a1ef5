/// The reason why an operation of a store failed.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// Nothing was stored or read; a retry may succeed.
        case unavailable
        /// A commit failed. Only the next start shows whether its batch is stored.
        case outcomeUnknown = "outcome_unknown"
        /// Another process owns the store.
        case inUse = "in_use"
        /// The stored data is damaged or inconsistent.
        case corrupt
        /// Another version of the program, or another program, created the store.
        case incompatible
    }

    package var code: Code
    /// A sentence for the operator. It may name files, and says what the operator can do, if anything.
    package var message: String
    /// The underlying cause, for the log: the database's own message and extended result code.
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
