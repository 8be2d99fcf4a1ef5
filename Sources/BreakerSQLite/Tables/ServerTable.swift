import BreakerCore
import BreakerStorage

struct ServerRow {
    var revision: Int64 = 0
    /// `nil` before the first write.
    var writtenAt: Instant?
    /// `nil` if no server has written to this database or this backup yet.
    var epoch: Epoch?
}

/// The single row of the table `server`: the last revision, when it was written, and in which history.
struct ServerTable {
    private let update: Statement
    private let select: Statement

    private static let columns = Columns<ServerRow>([
        Column("revision", { $0.revision }, { $0.revision = $1 }),
        Column("written_at", { $0.writtenAt }, { $0.writtenAt = $1 }),
        Column("epoch", { $0.epoch }, { $0.epoch = $1 }),
    ])

    init(_ connection: Connection) throws(SQLiteError) {
        let names = Self.columns.names
        let updates = names.map { "\($0) = ?" }.joined(separator: ", ")
        update = try Statement("UPDATE server SET \(updates) WHERE id = 1", on: connection)
        select = try Statement("SELECT \(names.joined(separator: ", ")) FROM server WHERE id = 1", on: connection)
    }

    func put(_ row: ServerRow) throws(SQLiteError) {
        Self.columns.bind(row, to: update)
        try update.run()
    }

    func get() throws(SQLiteError) -> ServerRow {
        let row = try select.first { row throws(SQLiteError) in try Self.columns.read(&row, into: ServerRow()) }
        guard let row else { throw .damaged("the table server has no row") }
        return row
    }
}

/// The key that signs browser sessions, and the sessions that were ended early.
struct SessionTable {
    private let updateKey: Statement
    private let selectKey: Statement
    private let insert: Statement
    private let deleteAll: Statement
    private let deleteEnded: Statement
    private let select: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        updateKey = try Statement("UPDATE server SET session_key = ? WHERE id = 1", on: connection)
        selectKey = try Statement("SELECT session_key FROM server WHERE id = 1", on: connection)
        insert = try Statement(
            "INSERT OR REPLACE INTO revoked_sessions (token, id, ends_at) VALUES (?, ?, ?)",
            on: connection
        )
        deleteAll = try Statement("DELETE FROM revoked_sessions", on: connection)
        deleteEnded = try Statement("DELETE FROM revoked_sessions WHERE ends_at <= ?", on: connection)
        select = try Statement("SELECT token, id, ends_at FROM revoked_sessions", on: connection)
    }

    func get() throws(SQLiteError) -> StoredSessions {
        var sessions = StoredSessions()
        if let key = try selectKey.first({ $0.bytes() }), !key.isEmpty { sessions.key = key }
        try select.forEachRow { row in
            let (token, id) = (row.text(), row.text())
            sessions.revoked[.init(token: token, id: id.isEmpty ? nil : id)] = row.instant()
        }
        return sessions
    }

    /// Stores session data.
    /// - Parameter now: the rows of sessions that have expired by this instant are deleted.
    func put(_ sessions: StoredSessions, at now: Instant) throws(SQLiteError) {
        guard !sessions.isEmpty else { return }
        if let key = sessions.key {
            updateKey.bind(key)
            try updateKey.run()
            try deleteAll.run()
        }
        for (session, end) in sessions.revoked {
            insert.bind(session.token)
            insert.bind(session.id ?? "")
            insert.bind(end)
            try insert.run()
        }
        deleteEnded.bind(now)
        try deleteEnded.run()
    }
}
