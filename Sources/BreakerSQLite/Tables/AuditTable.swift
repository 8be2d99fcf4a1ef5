import BreakerAPI
import BreakerCore
import BreakerStorage
import Foundation

/// The audit entries of operators' orders.
struct AuditTable {
    let log: ClientLog
    private let insert: Statement

    static let columns = ["breaker", "revision", "at", "actor", "address", "action", "before", "after"]

    /// An SQL expression for a row's client, as `Author.client`.
    private static let client = "CASE actor WHEN '\(Author.anonymous)' THEN '@' || ifnull(address, '') ELSE actor END"

    init(_ connection: Connection) throws(SQLiteError) {
        log = try ClientLog("audit", key: "revision", client: Self.client, on: connection)
        insert = try Statement(insertInto: "audit", Self.columns, on: connection)
    }

    func insert(_ entry: AuditEntry) throws(SQLiteError) {
        insert.bind(entry.breaker.value)
        insert.bind(entry.revision)
        insert.bind(entry.at)
        insert.bind(entry.author.actor)
        insert.bind(entry.author.address)
        insert.bind(entry.action.rawValue)
        insert.bind(entry.before.map(Self.text))
        insert.bind(entry.after.map(Self.text))
        try insert.run()
    }

    /// Reads ``columns``; `nil` for a breaker outside `scope`. The breaker comes first, because decoding an entry takes
    /// much longer than the check, and a page of a small scope may pass over the whole table.
    static func entry(_ row: inout Row, in scope: NameScope) throws(SQLiteError) -> AuditEntry? {
        let breaker = try row.name()
        guard scope.contains(breaker) else { return nil }
        return AuditEntry(
            revision: row.integer(),
            at: row.instant(),
            author: Author(actor: row.text(), address: row.textOrNull()),
            action: try row.word(),
            breaker: breaker,
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
