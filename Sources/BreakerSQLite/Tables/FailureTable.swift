import BreakerCore
import BreakerStorage

/// The failure logs of all breakers.
struct FailureTable {
    private let insert: Statement
    private let deleteRows: Statement
    private let selectLogs: Statement
    private let selectOldest: Statement

    /// The columns, without the breaker's id.
    static let columns = Columns<Failure>([
        Column("number", { $0.number }, { $0.number = $1 }),
        Column("at", { $0.at }, { $0.at = $1 }),
        Column("kind", { $0.kind }, { $0.kind = $1 }),
        Column("detail", { $0.detail }, { $0.detail = $1 }),
        Column("reporter", { $0.reporter }, { $0.reporter = $1 }),
        Column("duration_ms", { $0.durationMs }, { $0.durationMs = $1 }),
        Column("count", { $0.count }, { $0.count = $1 }),
    ])

    init(_ connection: Connection) throws(SQLiteError) {
        insert = try Statement(insertInto: "failures", ["breaker_id"] + Self.columns.names, on: connection)
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
        Self.columns.bind(row.failure, to: insert)
        try insert.run()
    }

    /// Reads ``columns``; `nil` if the joined row is missing.
    static func failureOrNull(_ row: inout Row) throws(SQLiteError) -> Failure? {
        let blank = Failure(
            number: 0,
            at: .zero,
            kind: nil,
            detail: nil,
            reporter: nil,
            durationMs: nil,
            count: 0
        )
        return try columns.readOrNull(&row, into: blank)
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
