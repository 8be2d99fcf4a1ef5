import BreakerAPI
import BreakerCore
import BreakerStorage
import Foundation

/// The audit entries of operators' orders.
struct AuditTable {
    let log: ClientLog
    private let insert: Statement

    static let columns = ["revision", "at", "actor", "address", "action", "breaker", "before", "after"]

    /// An SQL expression for a row's client, as `Author.client`.
    private static let client = "CASE actor WHEN '\(Author.anonymous)' THEN '@' || ifnull(address, '') ELSE actor END"

    init(_ connection: Connection) throws(SQLiteError) {
        log = try ClientLog("audit", key: "revision", client: Self.client, on: connection)
        insert = try Statement(
            "INSERT INTO audit (\(Self.columns.joined(separator: ", "))) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            on: connection
        )
    }

    func insert(_ entry: AuditEntry) throws(SQLiteError) {
        insert.bind(entry.revision)
        insert.bind(entry.at)
        insert.bind(entry.author.actor)
        insert.bind(entry.author.address)
        insert.bind(entry.action.rawValue)
        insert.bind(entry.breaker.value)
        insert.bind(entry.before.map(Self.text))
        insert.bind(entry.after.map(Self.text))
        try insert.run()
    }

    /// Reads ``columns``.
    static func entry(_ row: inout Row) throws(SQLiteError) -> AuditEntry {
        AuditEntry(
            revision: row.integer(),
            at: row.instant(),
            author: Author(actor: row.text(), address: row.textOrNull()),
            action: try row.word(),
            breaker: try row.name(),
            before: row.textOrNull().flatMap(Self.value),
            after: row.textOrNull().flatMap(Self.value)
        )
    }

    private static func text(_ value: AuditValue) -> String {
        String(decoding: AuditValueDocument(value).bytes, as: UTF8.self)
    }

    /// - Returns: `nil` for a value that this version cannot read.
    private static func value(_ text: String) -> AuditValue? {
        let document = try? JSONDecoder().decode(AuditValueDocument.self, from: Data(text.utf8))
        return document.flatMap { AuditValue($0) }
    }
}
