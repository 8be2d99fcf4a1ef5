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
        let column = nextColumn()
        return isNull(column) ? nil : sqlite3_column_int64(handle, column)
    }

    mutating func decimalOrNull() -> Double? {
        let column = nextColumn()
        return isNull(column) ? nil : sqlite3_column_double(handle, column)
    }

    mutating func text() -> String {
        text(nextColumn())
    }

    mutating func textOrNull() -> String? {
        let column = nextColumn()
        return isNull(column) ? nil : text(column)
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

    private func text(_ column: Int32) -> String {
        guard let bytes = sqlite3_column_text(handle, column) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    private func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(handle, column) == SQLITE_NULL
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

    mutating func instantOrNull() -> Instant? {
        integerOrNull().map(Instant.init(milliseconds:))
    }

    mutating func count() throws(SQLiteError) -> UInt32 {
        let value = integer()
        guard let count = UInt32(exactly: value) else { throw .damaged("\(value) is not a count") }
        return count
    }

    /// A word that is the raw value of a case of `Word`.
    mutating func word<Word: RawRepresentable<String>>(_ type: Word.Type = Word.self) throws(SQLiteError) -> Word {
        let text = text()
        guard let word = Word(rawValue: text) else { throw .damaged("'\(text)' is not a \(Word.self)") }
        return word
    }

    mutating func wordOrNull<Word: RawRepresentable<String>>(
        _ type: Word.Type = Word.self
    ) throws(SQLiteError) -> Word? {
        guard let text = textOrNull() else { return nil }
        guard let word = Word(rawValue: text) else { throw .damaged("'\(text)' is not a \(Word.self)") }
        return word
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

    func bind(_ instant: Instant?) {
        bind(instant?.milliseconds)
    }
}
