import CSQLite

/// A prepared statement. Values are bound in the order of its parameters, and columns are read in their order.
final class Statement {
    private let connection: Connection
    private let handle: OpaquePointer
    private let parameterCount: Int32
    private var boundCount: Int32 = 0
    /// The first error of a binding, which the next step reports.
    private var bindResult = SQLITE_OK
    /// Holds copies of bound bytes until the statement is reset.
    private let scratch: UnsafeMutableRawBufferPointer
    private var scratchUsed = 0

    /// Enough for the texts of a typical failure.
    private static let scratchSize = 1_024

    /// Prepares `sql` for repeated use.
    init(_ sql: String, on connection: Connection) throws(SQLiteError) {
        var prepared: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        let result = sqlite3_prepare_v3(connection.handle, sql, -1, flags, &prepared, nil)
        guard result == SQLITE_OK, let prepared else { throw connection.error(result, in: sql) }
        self.connection = connection
        handle = prepared
        parameterCount = sqlite3_bind_parameter_count(prepared)
        scratch = .allocate(byteCount: Self.scratchSize, alignment: 1)
    }

    /// Prepares the insertion of a row, whose values are bound in the order of `columns`.
    /// - Parameter conflict: the clause for a row whose key exists.
    convenience init(
        insertInto table: StaticString,
        _ columns: [String],
        _ conflict: String = "",
        on connection: Connection
    ) throws(SQLiteError) {
        let names = columns.joined(separator: ", ")
        let values = columns.map { _ in "?" }.joined(separator: ", ")
        try self.init("INSERT INTO \(table) (\(names)) VALUES (\(values)) \(conflict)", on: connection)
    }

    deinit {
        sqlite3_finalize(handle)
        scratch.deallocate()
    }

    // MARK: Running

    /// Runs a statement, and ignores its rows.
    func run() throws(SQLiteError) {
        defer { reset() }
        while try step() {}
    }

    /// Calls `body` with each row.
    func forEachRow(_ body: (inout Row) throws(SQLiteError) -> Void) throws(SQLiteError) {
        defer { reset() }
        while try step() {
            var row = Row(handle)
            try body(&row)
        }
    }

    /// The results of `body` for all rows. Rows for which it returns `nil` are left out.
    func readAll<Value>(_ body: (inout Row) throws(SQLiteError) -> Value?) throws(SQLiteError) -> [Value] {
        var values: [Value] = []
        try forEachRow { row throws(SQLiteError) in
            if let value = try body(&row) { values.append(value) }
        }
        return values
    }

    /// Calls `body` with one row after another, as long as it returns `true`.
    func readRows(while body: (inout Row) throws(SQLiteError) -> Bool) throws(SQLiteError) {
        defer { reset() }
        while try step() {
            var row = Row(handle)
            guard try body(&row) else { return }
        }
    }

    /// The result of `body` for the first row; `nil` if there is no row.
    func first<Value>(_ body: (inout Row) throws(SQLiteError) -> Value) throws(SQLiteError) -> Value? {
        defer { reset() }
        guard try step() else { return nil }
        var row = Row(handle)
        return try body(&row)
    }

    /// - Returns: whether there is a row.
    private func step() throws(SQLiteError) -> Bool {
        precondition(boundCount == parameterCount, "\(boundCount) of \(parameterCount) values bound in \(sql)")
        guard bindResult == SQLITE_OK else { throw connection.error(bindResult, in: sql) }
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let result: throw connection.error(result, in: sql)
        }
    }

    /// Resets the statement, which otherwise keeps its transaction open. Values stay bound, but each use of the
    /// statement binds all of them again.
    private func reset() {
        sqlite3_reset(handle)
        boundCount = 0
        bindResult = SQLITE_OK
        scratchUsed = 0
    }

    private var sql: String { String(cString: sqlite3_sql(handle)) }
}

// MARK: Binding

extension Statement {
    func bind(_ value: Int64) {
        note(sqlite3_bind_int64(handle, nextParameter(), value))
    }

    func bind(_ value: Int64?) {
        if let value { bind(value) } else { bindNull() }
    }

    func bind(_ value: Double) {
        note(sqlite3_bind_double(handle, nextParameter(), value))
    }

    func bind(_ value: Double?) {
        if let value { bind(value) } else { bindNull() }
    }

    func bind(_ text: String) {
        let parameter = nextParameter()
        var text = text
        text.withUTF8 { bytes in
            // An empty text needs an address too: SQLite binds NULL for a null pointer.
            let bound = boundAddress(of: UnsafeRawBufferPointer(bytes))
            let (address, lifetime) = bound ?? (UnsafeRawPointer(scratch.baseAddress), nil)
            let characters = address?.assumingMemoryBound(to: CChar.self)
            note(sqlite3_bind_text(handle, parameter, characters, Int32(bytes.count), lifetime))
        }
    }

    func bind(_ text: String?) {
        if let text { bind(text) } else { bindNull() }
    }

    func bind(_ bytes: [UInt8]) {
        let parameter = nextParameter()
        bytes.withUnsafeBytes { bytes in
            guard let (address, lifetime) = boundAddress(of: bytes) else {
                return note(sqlite3_bind_zeroblob(handle, parameter, 0))
            }
            note(sqlite3_bind_blob(handle, parameter, address, Int32(bytes.count), lifetime))
        }
    }

    /// Copies `bytes` to the scratch space if they fit, which saves SQLite an allocation. Otherwise SQLite must copy
    /// them, because they do not outlive the call.
    /// - Returns: the address of the bytes, and how SQLite must treat them; `nil` if there are no bytes.
    private func boundAddress(
        of bytes: UnsafeRawBufferPointer
    ) -> (address: UnsafeRawPointer?, sqlite3_destructor_type?)? {
        guard !bytes.isEmpty else { return nil }
        guard scratchUsed + bytes.count <= scratch.count else { return (bytes.baseAddress, Self.copy) }
        let target = UnsafeMutableRawBufferPointer(rebasing: scratch[scratchUsed..<scratchUsed + bytes.count])
        target.copyMemory(from: bytes)
        scratchUsed += bytes.count
        return (UnsafeRawPointer(target.baseAddress), nil)
    }

    func bindNull() {
        note(sqlite3_bind_null(handle, nextParameter()))
    }

    private func nextParameter() -> Int32 {
        boundCount += 1
        return boundCount
    }

    private func note(_ result: Int32) {
        if bindResult == SQLITE_OK { bindResult = result }
    }

    /// `SQLITE_TRANSIENT`, which is a cast that Swift does not import.
    private static var copy: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}
