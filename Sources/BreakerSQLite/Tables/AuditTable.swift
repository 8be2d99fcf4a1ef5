import BreakerCore
import BreakerStorage

/// The audit entries of operators' orders.
struct AuditTable {
    let log: ClientLog
    private let insert: Statement

    static let columns = ["revision", "at", "actor", "address", "action", "breaker", "before", "after"]

    /// An SQL expression for a row's client, as `Author.client`.
    private static let client = "CASE actor WHEN '\(Author.anonymous)' THEN '@' || ifnull(address, '') ELSE actor END"

    init(_ connection: Connection) throws(SQLiteError) {
        log = try ClientLog("audit", key: "revision", client: Self.client, on: connection)
        insert = try Statement(insertInto: "audit", Self.columns, on: connection)
    }

    func insert(_ entry: AuditEntry) throws(SQLiteError) {
        insert.bind(entry.revision)
        insert.bind(entry.at)
        insert.bind(entry.author.actor)
        insert.bind(entry.author.address)
        insert.bind(entry.action.rawValue)
        insert.bind(entry.breaker.value)
        insert.bind(entry.before)
        insert.bind(entry.after)
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
            before: row.textOrNull(),
            after: row.textOrNull()
        )
    }
}
