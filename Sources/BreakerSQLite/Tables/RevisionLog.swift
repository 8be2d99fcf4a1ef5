/// The deletion of the oldest rows of a table whose key is the revision.
struct RevisionLog {
    private let connection: Connection
    private let table: StaticString
    private let deleteOldest: Statement

    init(_ table: StaticString, on connection: Connection) throws(SQLiteError) {
        self.connection = connection
        self.table = table
        deleteOldest = try Statement(
            "DELETE FROM \(table) WHERE revision IN (SELECT revision FROM \(table) ORDER BY revision LIMIT ?)",
            on: connection
        )
    }

    func count() throws(SQLiteError) -> Int {
        Int(try connection.integer("SELECT count(*) FROM \(table)") ?? 0)
    }

    func deleteOldest(_ count: Int) throws(SQLiteError) {
        deleteOldest.bind(Int64(count))
        try deleteOldest.run()
    }
}
