import BreakerCore
import BreakerStorage

/// The transitions of all breakers.
struct TransitionTable {
    private let insert: Statement
    private let countOf: Statement
    private let deleteOldest: Statement

    /// The columns, without the breaker's id.
    static let columns = ["revision", "from_state", "to_state", "cause", "detail", "actor", "at"]

    init(_ connection: Connection) throws(SQLiteError) {
        insert = try Statement(
            """
            INSERT INTO transitions (breaker_id, \(Self.columns.joined(separator: ", ")))
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            on: connection
        )
        countOf = try Statement("SELECT count(*) FROM transitions WHERE breaker_id = ?", on: connection)
        deleteOldest = try Statement(
            """
            DELETE FROM transitions
            WHERE revision IN (SELECT revision FROM transitions WHERE breaker_id = ? ORDER BY revision LIMIT ?)
            """,
            on: connection
        )
    }

    func insert(_ row: WriteBatch.TransitionRow) throws(SQLiteError) {
        insert.bind(row.breakerID)
        insert.bind(row.transition.revision)
        insert.bind(row.transition.from.rawValue)
        insert.bind(row.transition.to.rawValue)
        insert.bind(row.transition.cause.rawValue)
        insert.bind(row.transition.detail)
        insert.bind(row.transition.actor)
        insert.bind(row.transition.at)
        try insert.run()
    }

    /// Reads ``columns``; `nil` if the joined row is missing.
    static func transitionOrNull(_ row: inout Row) throws(SQLiteError) -> Transition? {
        guard let revision = row.integerOrNull() else {
            row.skip(Int32(columns.count) - 1)
            return nil
        }
        return Transition(
            revision: revision,
            from: try row.word(),
            to: try row.word(),
            cause: try row.word(),
            detail: row.text(),
            actor: row.textOrNull(),
            at: row.instant()
        )
    }

    // MARK: Retention

    func count(ofBreaker id: Int64) throws(SQLiteError) -> Int {
        countOf.bind(id)
        return Int(try countOf.first { $0.integer() } ?? 0)
    }

    func deleteOldest(_ count: Int, ofBreaker id: Int64) throws(SQLiteError) {
        deleteOldest.bind(id)
        deleteOldest.bind(Int64(count))
        try deleteOldest.run()
    }
}
