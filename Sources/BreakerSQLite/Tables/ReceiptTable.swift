import BreakerCore
import BreakerStorage

/// The receipts of reports with an id.
struct ReceiptTable {
    let log: ClientLog
    private let connection: Connection
    private let insert: Statement
    private let deleteOne: Statement
    private let deleteSome: Statement
    private let shift: Statement
    private let selectOne: Statement

    private static let columns = Columns<Receipt>([
        Column("outcome", { $0.outcome }, { $0.outcome = $1 }),
        Column("permit", { $0.permit }, { $0.permit = $1 }),
        Column("duration_ms", { $0.durationMs }, { $0.durationMs = $1 }),
        Column("count", { $0.count }, { $0.count = $1 }),
        Column("counted", { $0.answer.counted }, { $0.answer.counted = $1 }),
        Column("reason", { $0.answer.refusal }, { $0.answer.refusal = $1 }),
        Column("state", { $0.answer.state }, { $0.answer.state = $1 }),
        Column("generation", { $0.answer.generation }, { $0.answer.generation = $1 }),
        Column("at", { $0.at }, { $0.at = $1 }),
    ])

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        log = try ClientLog("report_ids", key: "number", client: "ifnull(client, '')", on: connection)
        insert = try Statement(
            insertInto: "report_ids",
            ["number", "client", "breaker_id", "report_id"] + Self.columns.names,
            "ON CONFLICT (breaker_id, report_id) DO NOTHING",
            on: connection
        )
        deleteOne = try Statement(
            "DELETE FROM report_ids WHERE breaker_id = ? AND report_id = ? RETURNING ifnull(client, '')",
            on: connection
        )
        deleteSome = try Statement(
            """
            DELETE FROM report_ids WHERE number IN (SELECT number FROM report_ids WHERE breaker_id = ? LIMIT ?)
            RETURNING ifnull(client, '')
            """,
            on: connection
        )
        shift = try Statement("UPDATE report_ids SET at = at + ?", on: connection)
        selectOne = try Statement(
            "SELECT \(Self.columns.names.joined(separator: ", ")) FROM report_ids WHERE breaker_id = ? AND report_id = ?",
            on: connection
        )
    }

    func receipt(forReport id: String, ofBreaker breakerID: Int64) throws(SQLiteError) -> Receipt? {
        selectOne.bind(breakerID)
        selectOne.bind(id)
        let blank = Receipt(
            outcome: .success,
            permit: nil,
            durationMs: nil,
            count: 0,
            answer: ReportAnswer(counted: 0, refusal: nil, state: .closed, generation: 0),
            at: .zero
        )
        return try selectOne.first { row throws(SQLiteError) in try Self.columns.read(&row, into: blank) }
    }

    /// Moves the instants of all receipts after the clock was set, so that their remaining lifetimes stay the same.
    func shift(byMs milliseconds: Int64) throws(SQLiteError) {
        shift.bind(milliseconds)
        try shift.run()
    }

    /// Stores a receipt as the newest row. It replaces an earlier receipt of the same report.
    /// - Parameter number: the row's number, higher than that of every existing row.
    /// - Returns: the holder whose row was replaced; `nil` if no row was replaced.
    func put(_ row: WriteBatch.ReceiptRow, number: Int64) throws(SQLiteError) -> Shares.Holder? {
        try insertUnlessKnown(row, number)
        if connection.changes == 1 { return nil }
        // An update of the row would keep its old number, and so its old age. Only an id that is reused after its
        // lifetime comes here.
        deleteOne.bind(row.breakerID)
        deleteOne.bind(row.reportID)
        var replaced: Shares.Holder?
        try deleteOne.forEachRow { replaced = Shares.Holder($0.text()) }
        try insertUnlessKnown(row, number)
        return replaced
    }

    private func insertUnlessKnown(_ row: WriteBatch.ReceiptRow, _ number: Int64) throws(SQLiteError) {
        insert.bind(number)
        insert.bind(row.client)
        insert.bind(row.breakerID)
        insert.bind(row.reportID)
        Self.columns.bind(row.receipt, to: insert)
        try insert.run()
    }

    /// Deletes up to `limit` receipts of a breaker.
    /// - Returns: how many rows were deleted.
    func delete(ofBreaker id: Int64, limit: Int, from shares: inout Shares) throws(SQLiteError) -> Int {
        var deleted: [Shares.Holder: Int] = [:]
        deleteSome.bind(id)
        deleteSome.bind(Int64(limit))
        try deleteSome.forEachRow { deleted[Shares.Holder($0.text()), default: 0] += 1 }
        for (holder, rows) in deleted { shares.remove(rows, of: holder) }
        return deleted.values.reduce(0, +)
    }
}
