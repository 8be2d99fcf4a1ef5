import BreakerCore
import BreakerStorage

/// The failure logs of all breakers.
struct FailureTable {
    private let insert: Statement
    private let deleteRows: Statement
    private let selectLogs: Statement
    private let selectOldest: Statement

    /// The columns, without the breaker's id.
    static let columns = ["number", "at", "kind", "detail", "reporter", "duration_ms", "count"]

    init(_ connection: Connection) throws(SQLiteError) {
        insert = try Statement(insertInto: "failures", ["breaker_id"] + Self.columns, on: connection)
        deleteRows = try Statement("DELETE FROM failures WHERE breaker_id = ? AND number < ?", on: connection)
        selectLogs = try Statement(
            """
            SELECT id, oldest, (SELECT max(number) FROM failures WHERE breaker_id = id)
            FROM (SELECT b.id, (SELECT min(number) FROM failures WHERE breaker_id = b.id) AS oldest FROM breakers b)
            WHERE oldest IS NOT NULL
            """,
            on: connection
        )
        selectOldest = try Statement(
            "SELECT number, at FROM failures WHERE breaker_id = ? AND number < ? ORDER BY number LIMIT ?",
            on: connection
        )
    }

    func insert(_ row: Journal.FailureRow) throws(SQLiteError) {
        insert.bind(row.breakerID)
        insert.bind(row.failure.number)
        insert.bind(row.failure.at)
        insert.bind(row.failure.kind)
        insert.bind(row.failure.detail)
        insert.bind(row.failure.reporter)
        insert.bind(row.failure.durationMs)
        insert.bind(Int64(row.failure.count))
        try insert.run()
    }

    /// Reads ``columns``; `nil` if the joined row is missing.
    static func failureOrNull(_ row: inout Row) throws(SQLiteError) -> Failure? {
        guard let number = row.integerOrNull() else {
            row.skip(Int32(columns.count) - 1)
            return nil
        }
        return Failure(
            number: number,
            at: row.instant(),
            kind: row.textOrNull(),
            detail: row.textOrNull(),
            reporter: row.textOrNull(),
            durationMs: row.integerOrNull(),
            count: Int(row.integer())
        )
    }

    // MARK: Retention

    func delete(ofBreaker id: Int64, before number: Int64) throws(SQLiteError) {
        deleteRows.bind(id)
        deleteRows.bind(number)
        try deleteRows.run()
    }

    /// The number of the first row to keep: the first row that is later than `instant`, or the newest row.
    ///
    /// - Parameters:
    ///   - newest: the number of the newest row, which is not read.
    ///   - limit: how many rows are read at most.
    /// - Returns: `nil` if the oldest row is already later than `instant`.
    func firstRow(
        ofBreaker id: Int64,
        after instant: Instant,
        newest: Int64,
        limit: Int
    ) throws(SQLiteError) -> Int64? {
        selectOldest.bind(id)
        selectOldest.bind(newest)
        selectOldest.bind(Int64(limit))
        var first: Int64?
        try selectOldest.readRows(while: { row in
            let number = row.integer()
            guard row.instant() <= instant else { return false }
            first = number + 1
            return true
        })
        return first
    }

    /// The oldest and the newest row number of each log that is not empty. Only the two ends of a log are read.
    func logs() throws(SQLiteError) -> [(breakerID: Int64, oldest: Int64, newest: Int64)] {
        var logs: [(breakerID: Int64, oldest: Int64, newest: Int64)] = []
        try selectLogs.forEachRow { logs.append(($0.integer(), $0.integer(), $0.integer())) }
        return logs
    }
}
