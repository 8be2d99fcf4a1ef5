import BreakerCore
package import BreakerStorage
import Testing

/// A fresh place where stores of one kind are opened, closed and opened again. It goes when it is released.
package protocol StorePlace: SendableMetatype {
    associatedtype Store: BreakerStore, SendableMetatype
    associatedtype Reader: BreakerReader

    init() throws

    /// Opens what the place holds. Nobody else has it open.
    func open(_ retention: Retention) throws -> Store

    /// A reader of the store that is open.
    func reader() throws -> Reader

    /// The path of a file in the place that does not exist.
    func path(_ name: String) -> String

    /// Opens what ``BreakerReader/backUp()`` wrote, as it is at `path`.
    func openBackup(at path: String) throws -> Store
}

extension StorePlace {
    package func open() throws -> Store { try open(Retention()) }
}

/// What every store does, as sentences with their proofs.
package struct StoreContract<Place: StorePlace>: Sendable {
    package struct Clause: Sendable, CustomTestStringConvertible {
        package var sentence: String
        package var check: @Sendable (Place) throws -> Void

        package var testDescription: String { sentence }

        init(_ sentence: String, _ check: @escaping @Sendable (Place) throws -> Void) {
            self.sentence = sentence
            self.check = check
        }

        /// - Throws: where the place could not be used at all.
        package func verify() throws {
            try check(try Place())
        }
    }

    package static var clauses: [Clause] {
        stateClauses + policyClauses + deletionClauses + receiptClauses + failureClauses + transitionClauses
            + changeClauses + readerClauses + auditClauses + callClauses + sessionClauses
    }
}

extension Instant {
    /// Where the contract's clocks begin: 14 November 2023.
    static let start = Instant(milliseconds: 1_700_000_000_000)
}

extension BreakerName {
    static func named(_ text: String) -> BreakerName {
        guard let name = BreakerName(text) else { preconditionFailure("'\(text)' is no name") }
        return name
    }
}
