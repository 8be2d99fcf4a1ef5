import BreakerCore
import BreakerStorage

/// Who deleted which breaker.
struct DeletionTable {
    let log: RevisionLog
    private let insert: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        log = try RevisionLog("deletions", on: connection)
        insert = try Statement("INSERT INTO deletions (revision, name, actor, at) VALUES (?, ?, ?, ?)", on: connection)
    }

    func insert(_ deletion: WriteBatch.Deletion, at instant: Instant) throws(SQLiteError) {
        insert.bind(deletion.revision)
        insert.bind(deletion.name.value)
        insert.bind(deletion.actor)
        insert.bind(instant)
        try insert.run()
    }
}
