import BreakerCore
import BreakerStorage

/// Who deleted which breaker.
struct DeletionTable {
    private let connection: Connection
    private let insert: Statement
    private let deleteOldest: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        insert = try Statement("INSERT INTO deletions (revision, name, actor, at) VALUES (?, ?, ?, ?)", on: connection)
        deleteOldest = try Statement(
            "DELETE FROM deletions WHERE revision IN (SELECT revision FROM deletions ORDER BY revision LIMIT ?)",
            on: connection
        )
    }

    func insert(_ deletion: WriteBatch.Deletion, at instant: Instant) throws(SQLiteError) {
        insert.bind(deletion.revision)
        insert.bind(deletion.name.value)
        insert.bind(deletion.actor)
        insert.bind(instant)
        try insert.run()
    }

    // MARK: Retention

    func count() throws(SQLiteError) -> Int {
        Int(try connection.integer("SELECT count(*) FROM deletions") ?? 0)
    }

    func deleteOldest(_ count: Int) throws(SQLiteError) {
        deleteOldest.bind(Int64(count))
        try deleteOldest.run()
    }
}
