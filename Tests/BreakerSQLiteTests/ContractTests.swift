import BreakerCore
import BreakerSQLite
import BreakerStorage
import Foundation
import StoreContract
import TestSupport
import Testing

@Suite("The SQLite store")
struct ContractTests {
    @Test("The SQLite store keeps the contract of every store", arguments: StoreContract<SQLiteLocation>.clauses)
    func contract(_ clause: StoreContract<SQLiteLocation>.Clause) throws {
        try clause.verify()
    }
}

/// A location of SQLite stores in a temporary folder.
struct SQLiteLocation: StoreLocation {
    let folder: TemporaryFolder

    init() throws {
        try self.init(in: .disk)
    }

    init(in medium: TemporaryFolder.Medium) throws {
        folder = try TemporaryFolder(in: medium)
    }

    var database: String { folder.path("fusebox.db") }

    func open(_ retention: Retention) throws -> SQLiteStore {
        try SQLiteStore.open(path: database, retention: retention, at: .start)
    }

    func reader() throws -> SQLiteReader { try SQLiteReader(path: database) }

    func path(_ name: String) -> String { folder.path(name) }

    func openBackup(at path: String) throws -> SQLiteStore { try SQLiteStore.open(path: path, at: .start) }
}

extension Instant {
    /// The start of the tests' clocks: 14 November 2023.
    static let start = Instant(milliseconds: 1_700_000_000_000)
}
