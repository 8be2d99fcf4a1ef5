import BreakerCore
import BreakerStorage

/// Report ids, and what their reports were answered.
struct ReceiptTable {
    private let connection: Connection
    private let insert: Statement
    private let deleteOne: Statement
    private let deleteAll: Statement
    private let deleteUpTo: Statement
    private let shift: Statement
    private let selectOne: Statement
    private let selectOldest: Statement

    private static let columns = "outcome, permit, duration_ms, count, counted, reason, state, generation, at"

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        insert = try Statement(
            """
            INSERT INTO report_ids (breaker_id, report_id, \(Self.columns))
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (breaker_id, report_id) DO NOTHING
            """,
            on: connection
        )
        deleteOne = try Statement("DELETE FROM report_ids WHERE breaker_id = ? AND report_id = ?", on: connection)
        deleteAll = try Statement("DELETE FROM report_ids WHERE breaker_id = ?", on: connection)
        deleteUpTo = try Statement("DELETE FROM report_ids WHERE number <= ?", on: connection)
        shift = try Statement("UPDATE report_ids SET at = at + ?", on: connection)
        selectOne = try Statement(
            "SELECT \(Self.columns) FROM report_ids WHERE breaker_id = ? AND report_id = ?",
            on: connection
        )
        selectOldest = try Statement("SELECT number, at FROM report_ids ORDER BY number LIMIT ?", on: connection)
    }

    func receipt(forReport id: String, ofBreaker breakerID: Int64) throws(SQLiteError) -> Receipt? {
        selectOne.bind(breakerID)
        selectOne.bind(id)
        return try selectOne.first { row throws(SQLiteError) in
            Receipt(
                outcome: try row.word(),
                permit: try permitOrNull(&row),
                durationMs: row.integerOrNull(),
                count: Int(row.integer()),
                answer: ReportAnswer(
                    counted: Int(row.integer()),
                    refusal: try row.wordOrNull(),
                    state: try row.word(),
                    generation: row.integer()
                ),
                at: row.instant()
            )
        }
    }

    private func permitOrNull(_ row: inout Row) throws(SQLiteError) -> Permit? {
        guard let text = row.textOrNull() else { return nil }
        guard let permit = Permit(text) else { throw .damaged("'\(text)' is no permit") }
        return permit
    }

    /// Moves the instants of all receipts, so that each is remembered for as long as it was to be.
    func shift(byMs milliseconds: Int64) throws(SQLiteError) {
        shift.bind(milliseconds)
        try shift.run()
    }

    /// Stores a receipt as the youngest of all; an earlier one of the same report goes.
    /// - Returns: by how many rows the table grew: 1, or 0 where one was replaced.
    func put(_ row: WriteBatch.ReceiptRow) throws(SQLiteError) -> Int {
        try insertUnlessKnown(row)
        if connection.changes == 1 { return 1 }
        // Replacing it in place would leave it its old number, and so its old age. It happens only where an id
        // comes again after its lifetime.
        deleteOne.bind(row.breakerID)
        deleteOne.bind(row.reportID)
        try deleteOne.run()
        try insertUnlessKnown(row)
        return 0
    }

    private func insertUnlessKnown(_ row: WriteBatch.ReceiptRow) throws(SQLiteError) {
        let receipt = row.receipt
        insert.bind(row.breakerID)
        insert.bind(row.reportID)
        insert.bind(receipt.outcome.rawValue)
        insert.bind(receipt.permit?.description)
        insert.bind(receipt.durationMs)
        insert.bind(Int64(receipt.count))
        insert.bind(Int64(receipt.answer.counted))
        insert.bind(receipt.answer.refusal?.rawValue)
        insert.bind(receipt.answer.state.rawValue)
        insert.bind(receipt.answer.generation)
        insert.bind(receipt.at)
        try insert.run()
    }

    /// - Returns: how many there were.
    func delete(ofBreaker id: Int64) throws(SQLiteError) -> Int {
        deleteAll.bind(id)
        try deleteAll.run()
        return connection.changes
    }

    // MARK: Retention

    func count() throws(SQLiteError) -> Int {
        Int(try connection.integer("SELECT count(*) FROM report_ids") ?? 0)
    }

    /// Deletes the oldest rows as long as `mayGo` says so of the next, and at most `limit`.
    /// - Parameter mayGo: takes the instant of the report.
    /// - Returns: how many went.
    func deleteOldest(limit: Int, while mayGo: (Instant) -> Bool) throws(SQLiteError) -> Int {
        var last: Int64?
        selectOldest.bind(Int64(limit))
        try selectOldest.readRows(while: { row in
            let number = row.integer()
            guard mayGo(row.instant()) else { return false }
            last = number
            return true
        })
        guard let last else { return 0 }
        deleteUpTo.bind(last)
        try deleteUpTo.run()
        return connection.changes
    }
}
