import BreakerCore

/// The deletion of old rows from a table whose key grows with each row, and whose rows belong to clients.
struct ClientLog {
    private let connection: Connection
    private let selectAll: Statement
    private let selectOldest: Statement
    private let selectInRange: Statement
    private let deleteRange: Statement

    /// - Parameter client: an SQL expression for the row's client, as `Author.client`.
    init(
        _ table: StaticString,
        key: StaticString,
        client: String,
        on connection: Connection
    ) throws(SQLiteError) {
        self.connection = connection
        selectAll = try Statement("SELECT \(key), \(client) FROM \(table) ORDER BY \(key)", on: connection)
        selectOldest = try Statement(
            "SELECT \(key), at, \(client) FROM \(table) ORDER BY \(key) LIMIT ?",
            on: connection
        )
        selectInRange = try Statement(
            "SELECT \(key) FROM \(table) WHERE \(key) BETWEEN ? AND ? ORDER BY \(key) LIMIT 1 OFFSET ?",
            on: connection
        )
        deleteRange = try Statement("DELETE FROM \(table) WHERE \(key) BETWEEN ? AND ?", on: connection)
    }

    /// The rows of each client. Reads the whole table.
    func shares() throws(SQLiteError) -> Shares {
        var shares = Shares()
        try selectAll.forEachRow { shares.add($0.integer(), of: Shares.Holder($0.text())) }
        shares.keep()
        return shares
    }

    /// Deletes the oldest rows that are dated `youngest` or before, at most `limit` rows.
    /// - Returns: how many rows were deleted.
    func deleteOldest(
        upTo youngest: Instant,
        limit: Int,
        from shares: inout Shares
    ) throws(SQLiteError) -> Int {
        guard limit > 0 else { return 0 }
        var oldest: [(holder: Shares.Holder, rows: Int, last: Int64)] = []
        selectOldest.bind(Int64(limit))
        try selectOldest.readRows(while: { row in
            let number = row.integer()
            guard row.instant() <= youngest else { return false }
            let holder = Shares.Holder(row.text())
            if let last = oldest.last, last.holder == holder {
                oldest[oldest.count - 1] = (holder, last.rows + 1, number)
            } else {
                oldest.append((holder, 1, number))
            }
            return true
        })
        guard let last = oldest.last?.last else { return 0 }
        try delete(Int64.min...last)
        for (holder, rows, last) in oldest { shares.remove(rows, of: holder, upTo: last) }
        return oldest.reduce(0) { $0 + $1.rows }
    }

    /// Deletes the oldest rows of the largest shares, `count` rows in all.
    /// - Returns: the holders whose rows were deleted, and how many rows of each.
    func deleteFromLargest(
        _ count: Int,
        of shares: inout Shares
    ) throws(SQLiteError) -> [(holder: Shares.Holder, rows: Int)] {
        var deleted: [(holder: Shares.Holder, rows: Int)] = []
        var missing = count
        while missing > 0, let largest = shares.largest {
            // An eighth at a time, so that a few steps are enough.
            let limit = min(missing, max(1, largest.rows / 8))
            selectInRange.bind(largest.oldest.lowerBound)
            selectInRange.bind(largest.oldest.upperBound)
            selectInRange.bind(Int64(limit - 1))
            let last = try selectInRange.first { $0.integer() } ?? largest.oldest.upperBound
            try delete(largest.oldest.lowerBound...last)
            let rows = connection.changes
            shares.remove(rows, of: largest.holder, upTo: last)
            deleted.append((largest.holder, rows))
            missing -= rows
        }
        return deleted
    }

    private func delete(_ range: ClosedRange<Int64>) throws(SQLiteError) {
        deleteRange.bind(range.lowerBound)
        deleteRange.bind(range.upperBound)
        try deleteRange.run()
    }
}
