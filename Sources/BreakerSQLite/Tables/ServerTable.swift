import BreakerCore
import BreakerStorage

/// The one row of `server`: how far the sequence of revisions went, and when.
struct ServerTable {
    private let update: Statement
    private let select: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        update = try Statement("UPDATE server SET revision = ?, written_at = ? WHERE id = 1", on: connection)
        select = try Statement("SELECT revision, written_at FROM server WHERE id = 1", on: connection)
    }

    func put(revision: Int64, writtenAt instant: Instant) throws(SQLiteError) {
        update.bind(revision)
        update.bind(instant)
        try update.run()
    }

    func get() throws(SQLiteError) -> (revision: Int64, writtenAt: Instant?) {
        guard let row = try select.first({ ($0.integer(), $0.instantOrNull()) }) else {
            throw .damaged("the table server has no row")
        }
        return row
    }
}
