import BreakerCore
import BreakerStorage

struct ServerRow {
    var revision: Int64
    /// `nil` before the first write.
    var writtenAt: Instant?
    /// `nil` if no server has written to this database or this backup yet.
    var epoch: Epoch?
}

/// The single row of the table `server`: the last revision, when it was written, and in which history.
struct ServerTable {
    private let update: Statement
    private let select: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        update = try Statement("UPDATE server SET revision = ?, written_at = ?, epoch = ? WHERE id = 1", on: connection)
        select = try Statement("SELECT revision, written_at, epoch FROM server WHERE id = 1", on: connection)
    }

    func put(revision: Int64, writtenAt instant: Instant, epoch: Epoch) throws(SQLiteError) {
        update.bind(revision)
        update.bind(instant)
        update.bind(Int64(epoch.value))
        try update.run()
    }

    func get() throws(SQLiteError) -> ServerRow {
        let row = try select.first { row in
            ServerRow(
                revision: row.integer(),
                writtenAt: row.instantOrNull(),
                epoch: row.integerOrNull().map { Epoch(UInt32(truncatingIfNeeded: $0)) }
            )
        }
        guard let row else { throw .damaged("the table server has no row") }
        return row
    }
}
