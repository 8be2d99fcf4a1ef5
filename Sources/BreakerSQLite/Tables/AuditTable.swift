import BreakerAPI
import BreakerCore
import BreakerStorage
import Foundation

/// The audit entries of operators' orders.
struct AuditTable {
    let log: ClientLog
    private let insert: Statement

    /// All columns, in the order in which they are written and read.
    static let allColumns = ["breaker"] + columns.names

    /// The columns, without the breaker's name.
    private static let columns = Columns<AuditEntry>([
        Column("revision", { $0.revision }, { $0.revision = $1 }),
        Column("at", { $0.at }, { $0.at = $1 }),
        Column("actor", { $0.author.actor }, { $0.author.actor = $1 }),
        Column("address", { $0.author.address }, { $0.author.address = $1 }),
        Column("action", { $0.action }, { $0.action = $1 }),
        Column("before", { $0.beforeText }, { $0.beforeText = $1 }),
        Column("after", { $0.afterText }, { $0.afterText = $1 }),
    ])

    /// An SQL expression for a row's client, as `Author.client`.
    private static let client = "CASE actor WHEN '\(Author.anonymous)' THEN '@' || ifnull(address, '') ELSE actor END"

    init(_ connection: Connection) throws(SQLiteError) {
        log = try ClientLog("audit", key: "revision", client: Self.client, on: connection)
        insert = try Statement(insertInto: "audit", Self.allColumns, on: connection)
    }

    func insert(_ entry: AuditEntry) throws(SQLiteError) {
        insert.bind(entry.breaker.value)
        Self.columns.bind(entry, to: insert)
        try insert.run()
    }

    /// Reads ``allColumns``; `nil` for a breaker outside `scope`. The breaker comes first, because decoding an entry
    /// takes much longer than the check, and a page of a small scope may pass over the whole table.
    static func entry(_ row: inout Row, in scope: NameScope) throws(SQLiteError) -> AuditEntry? {
        let breaker = try row.name()
        guard scope.contains(breaker) else { return nil }
        let blank = AuditEntry(
            revision: 0,
            at: .zero,
            author: Author(actor: "", address: nil),
            action: .policy,
            breaker: breaker,
            before: nil,
            after: nil
        )
        return try columns.read(&row, into: blank)
    }
}

extension AuditEntry {
    fileprivate var beforeText: String? {
        get { before.map(Self.text) }
        set { before = newValue.flatMap(Self.value) }
    }

    fileprivate var afterText: String? {
        get { after.map(Self.text) }
        set { after = newValue.flatMap(Self.value) }
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
