import BreakerCore
import BreakerStorage

/// The call tallies, one row for each breaker and minute.
struct CallTable {
    private let connection: Connection
    private let update: Statement
    private let insert: Statement
    private let deleteSome: Statement
    private let selectOldest: Statement

    /// The columns, without the minute and the breaker's id.
    private static let columns = Columns<CallTally>([
        Column("successes", { $0.successes }, { $0.successes = $1 }),
        Column("failures", { $0.failures }, { $0.failures = $1 }),
        Column("slow", { $0.slow }, { $0.slow = $1 }),
        Column("ignored", { $0.ignored }, { $0.ignored = $1 }),
        Column("allowed", { $0.allowed }, { $0.allowed = $1 }),
        Column("denied", { $0.denied }, { $0.denied = $1 }),
    ])

    /// Selects the rows of a breaker. Parameters: the first minute, the end minute (exclusive), the breaker. The
    /// statement looks up the row of each minute, because the rows of other breakers lie in between.
    static let selectMinutes = """
        WITH RECURSIVE minutes (number) AS (
            SELECT ?1 UNION ALL SELECT number + 1 FROM minutes WHERE number + 1 < ?2
        )
        SELECT minute, \(columns.names.joined(separator: ", "))
        FROM minutes CROSS JOIN call_minutes ON minute = number AND breaker_id = ?3
        """

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        let sums = Self.columns.names.map { "\($0) = \($0) + ?" }.joined(separator: ", ")
        update = try Statement(
            "UPDATE call_minutes SET \(sums) WHERE minute = ? AND breaker_id = ?",
            on: connection
        )
        insert = try Statement(
            insertInto: "call_minutes",
            Self.columns.names + ["minute", "breaker_id"],
            on: connection
        )
        deleteSome = try Statement(
            """
            DELETE FROM call_minutes WHERE minute = ?1 AND breaker_id IN (
                SELECT breaker_id FROM call_minutes WHERE minute = ?1 ORDER BY breaker_id LIMIT ?2
            )
            """,
            on: connection
        )
        selectOldest = try Statement("SELECT min(minute) FROM call_minutes", on: connection)
    }

    /// Adds a tally to the row of the breaker's minute.
    /// - Returns: how many rows were added to the table: 0 or 1.
    func add(_ row: WriteBatch.CallRow) throws(SQLiteError) -> Int {
        // Two statements, because an upsert does not report whether it inserted or updated.
        try run(update, row)
        if connection.changes == 1 { return 0 }
        try run(insert, row)
        return 1
    }

    private func run(_ statement: Statement, _ row: WriteBatch.CallRow) throws(SQLiteError) {
        Self.columns.bind(row.tally, to: statement)
        statement.bind(row.minute.number)
        statement.bind(row.breakerID)
        try statement.run()
    }

    /// Reads a row of ``selectMinutes``.
    static func minute(_ row: inout Row) throws(SQLiteError) -> (minute: Minute, tally: CallTally) {
        (Minute(row.integer()), try columns.read(&row, into: CallTally()))
    }

    // MARK: Retention

    func count() throws(SQLiteError) -> Int {
        Int(try connection.integer("SELECT count(*) FROM call_minutes") ?? 0)
    }

    /// The oldest minute; `nil` if there is none.
    func oldest() throws(SQLiteError) -> Minute? {
        try selectOldest.first { $0.integerOrNull() }.flatMap { $0 }.map(Minute.init)
    }

    /// Deletes up to `limit` rows of a minute.
    /// - Returns: how many rows were deleted.
    func delete(_ minute: Minute, limit: Int) throws(SQLiteError) -> Int {
        deleteSome.bind(minute.number)
        deleteSome.bind(Int64(limit))
        try deleteSome.run()
        return connection.changes
    }
}
