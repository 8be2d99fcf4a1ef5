import BreakerCore
import CSQLite

/// The current row of a statement. Each call reads the next column. The row is valid until the statement's next step.
struct Row {
    private let handle: OpaquePointer
    private var column: Int32 = 0

    init(_ handle: OpaquePointer) {
        self.handle = handle
    }

    mutating func integer() -> Int64 {
        sqlite3_column_int64(handle, nextColumn())
    }

    mutating func integerOrNull() -> Int64? {
        isNull ? skipNull() : integer()
    }

    mutating func decimal() -> Double {
        sqlite3_column_double(handle, nextColumn())
    }

    mutating func decimalOrNull() -> Double? {
        isNull ? skipNull() : decimal()
    }

    mutating func text() -> String {
        let column = nextColumn()
        guard let bytes = sqlite3_column_text(handle, column) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    mutating func textOrNull() -> String? {
        isNull ? skipNull() : text()
    }

    mutating func bytes() -> [UInt8] {
        let column = nextColumn()
        // The blob is read before its length, because SQLite determines the length only then.
        guard let bytes = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
    }

    /// Skips `count` columns.
    mutating func skip(_ count: Int32) {
        column += count
    }

    /// Whether the next column is NULL.
    var isNull: Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    private mutating func skipNull<Value>() -> Value? {
        column += 1
        return nil
    }

    private mutating func nextColumn() -> Int32 {
        defer { column += 1 }
        return column
    }
}

// MARK: Domain types

extension Row {
    mutating func instant() -> Instant {
        Instant(milliseconds: integer())
    }

    mutating func name() throws(SQLiteError) -> BreakerName {
        let text = text()
        guard let name = BreakerName(text) else { throw .damaged("'\(text)' is not a breaker name") }
        return name
    }
}

extension Statement {
    func bind(_ instant: Instant) {
        bind(instant.milliseconds)
    }
}
