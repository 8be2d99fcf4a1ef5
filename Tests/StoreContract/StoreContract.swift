import BreakerCore
package import BreakerStorage
import Testing

/// A fresh location where stores of one kind are opened, closed and opened again. It is removed when it is released.
package protocol StoreLocation: SendableMetatype {
    associatedtype Store: BreakerStore, SendableMetatype
    associatedtype Reader: BreakerReader

    init() throws

    /// Opens the store at the location, which is not open.
    func open(_ retention: Retention) throws -> Store

    /// A reader of the open store.
    func reader() throws -> Reader

    /// A path for a new file at the location.
    func path(_ name: String) -> String

    /// Opens a backup, made by ``BreakerReader/backUp()``, at `path`.
    func openBackup(at path: String) throws -> Store
}

extension StoreLocation {
    package func open() throws -> Store { try open(Retention()) }
}

/// The contract of every store: sentences with their checks.
package struct StoreContract<Location: StoreLocation>: Sendable {
    package struct Clause: Sendable, CustomTestStringConvertible {
        package var sentence: String
        package var check: @Sendable (Location) throws -> Void

        package var testDescription: String { sentence }

        init(_ sentence: String, _ check: @escaping @Sendable (Location) throws -> Void) {
            self.sentence = sentence
            self.check = check
        }

        /// Runs the check in a fresh location.
        ///
        /// - Throws: Any error of the location or of a store.
        package func verify() throws {
            try check(try Location())
        }
    }

    package static var clauses: [Clause] {
        stateClauses + policyClauses + deletionClauses + receiptClauses + failureClauses + transitionClauses
            + changeClauses + readerClauses + auditClauses + callClauses + sessionClauses
    }
}

extension Instant {
    /// The start of the contract's clocks: 14 November 2023.
    static let start = Instant(milliseconds: 1_700_000_000_000)
}

extension BreakerName {
    static func named(_ text: String) -> BreakerName {
        guard let name = BreakerName(text) else { preconditionFailure("'\(text)' is no name") }
        return name
    }
}
