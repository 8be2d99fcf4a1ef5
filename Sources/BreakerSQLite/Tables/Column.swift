import BreakerCore

/// One or more columns of a table: their names, and how their values are bound and read.
struct Column<Value>: Sendable {
    let names: [String]
    let bind: @Sendable (Statement, Value) -> Void
    let read: @Sendable (inout Row, inout Value) throws(SQLiteError) -> Void
}

/// The columns of a type of row. This one list defines the order in which a row is written and read.
struct Columns<Value>: Sendable {
    private let columns: [Column<Value>]

    init(_ columns: [Column<Value>]) {
        self.columns = columns
    }

    static func + (left: Columns, right: Columns) -> Columns { Columns(left.columns + right.columns) }

    var names: [String] { columns.flatMap(\.names) }

    func bind(_ value: Value, to statement: Statement) {
        for column in columns { column.bind(statement, value) }
    }

    /// Reads a row.
    /// - Parameter blank: any value; each column replaces a part of it.
    func read(_ row: inout Row, into blank: Value) throws(SQLiteError) -> Value {
        var value = blank
        for column in columns { try column.read(&row, &value) }
        return value
    }

    /// Reads a row that may be missing; `nil` if its first column is NULL.
    func readOrNull(_ row: inout Row, into blank: Value) throws(SQLiteError) -> Value? {
        guard row.isNull else { return try read(&row, into: blank) }
        row.skip(Int32(names.count))
        return nil
    }
}

// Closures, because a key path takes several times as long to read, for each column of each row.
extension Column {
    init<Field: ColumnValue>(
        _ name: String,
        _ get: @escaping @Sendable (Value) -> Field,
        _ set: @escaping @Sendable (inout Value, Field) -> Void
    ) {
        names = [name]
        bind = { statement, value in get(value).bind(to: statement) }
        read = { row, value throws(SQLiteError) in set(&value, try Field.read(&row)) }
    }

    /// The columns of a part that each value has.
    init<Part>(
        _ columns: Columns<Part>,
        _ get: @escaping @Sendable (Value) -> Part,
        _ set: @escaping @Sendable (inout Value, Part) -> Void
    ) {
        names = columns.names
        bind = { statement, value in columns.bind(get(value), to: statement) }
        read = { row, value throws(SQLiteError) in set(&value, try columns.read(&row, into: get(value))) }
    }

    /// The columns of a part that a value may lack. All of them are NULL then, and the first of them only then.
    init<Part: Sendable>(
        _ columns: Columns<Part>,
        _ get: @escaping @Sendable (Value) -> Part?,
        _ set: @escaping @Sendable (inout Value, Part?) -> Void,
        blank: Part
    ) {
        let names = columns.names
        self.names = names
        bind = { statement, value in
            if let part = get(value) {
                columns.bind(part, to: statement)
            } else {
                for _ in names { statement.bindNull() }
            }
        }
        read = { row, value throws(SQLiteError) in set(&value, try columns.readOrNull(&row, into: blank)) }
    }
}

// MARK: Values

/// A value that one column holds. Only an optional value may be NULL.
protocol ColumnValue: Sendable {
    func bind(to statement: Statement)
    static func read(_ row: inout Row) throws(SQLiteError) -> Self
}

extension Row {
    /// The result of `read` for the next column, which is not NULL.
    fileprivate mutating func value<Value>(_ read: (inout Row) -> Value) throws(SQLiteError) -> Value {
        guard !isNull else { throw .damaged("a column that always has a value is NULL") }
        return read(&self)
    }
}

extension Int64: ColumnValue {
    func bind(to statement: Statement) { statement.bind(self) }
    static func read(_ row: inout Row) throws(SQLiteError) -> Int64 { try row.value { $0.integer() } }
}

extension Int: ColumnValue {
    func bind(to statement: Statement) { statement.bind(Int64(self)) }
    static func read(_ row: inout Row) throws(SQLiteError) -> Int { Int(try Int64.read(&row)) }
}

extension UInt32: ColumnValue {
    func bind(to statement: Statement) { statement.bind(Int64(self)) }

    static func read(_ row: inout Row) throws(SQLiteError) -> UInt32 {
        let value = try Int64.read(&row)
        guard let count = UInt32(exactly: value) else { throw .damaged("\(value) is not a count") }
        return count
    }
}

extension Bool: ColumnValue {
    func bind(to statement: Statement) { statement.bind(Int64(self ? 1 : 0)) }
    static func read(_ row: inout Row) throws(SQLiteError) -> Bool { try Int64.read(&row) != 0 }
}

extension Double: ColumnValue {
    func bind(to statement: Statement) { statement.bind(self) }
    static func read(_ row: inout Row) throws(SQLiteError) -> Double { try row.value { $0.decimal() } }
}

extension String: ColumnValue {
    func bind(to statement: Statement) { statement.bind(self) }
    static func read(_ row: inout Row) throws(SQLiteError) -> String { try row.value { $0.text() } }
}

extension [UInt8]: ColumnValue {
    func bind(to statement: Statement) { statement.bind(self) }
    static func read(_ row: inout Row) -> [UInt8] { row.bytes() }
}

extension Instant: ColumnValue {
    /// The instant in a blank row.
    static let zero = Instant(milliseconds: 0)

    func bind(to statement: Statement) { statement.bind(milliseconds) }
    static func read(_ row: inout Row) throws(SQLiteError) -> Instant { Instant(milliseconds: try Int64.read(&row)) }
}

extension Permit: ColumnValue {
    func bind(to statement: Statement) { statement.bind(description) }

    static func read(_ row: inout Row) throws(SQLiteError) -> Permit {
        let text = try String.read(&row)
        guard let permit = Permit(text) else { throw .damaged("'\(text)' is not a permit") }
        return permit
    }
}

extension Epoch: ColumnValue {
    func bind(to statement: Statement) { statement.bind(Int64(value)) }

    static func read(_ row: inout Row) throws(SQLiteError) -> Epoch {
        Epoch(UInt32(truncatingIfNeeded: try Int64.read(&row)))
    }
}

extension Optional: ColumnValue where Wrapped: ColumnValue {
    func bind(to statement: Statement) {
        if let self { self.bind(to: statement) } else { statement.bindNull() }
    }

    static func read(_ row: inout Row) throws(SQLiteError) -> Wrapped? {
        guard row.isNull else { return try Wrapped.read(&row) }
        row.skip(1)
        return nil
    }
}

/// A word: the raw value of an enumeration's case.
extension ColumnValue where Self: RawRepresentable<String> {
    func bind(to statement: Statement) { statement.bind(rawValue) }

    static func read(_ row: inout Row) throws(SQLiteError) -> Self {
        let text = try String.read(&row)
        guard let word = Self(rawValue: text) else { throw .damaged("'\(text)' is not a \(Self.self)") }
        return word
    }
}

extension State: ColumnValue {}
extension Cause: ColumnValue {}
extension Outcome: ColumnValue {}
extension Override.Mode: ColumnValue {}
extension ReportAnswer.Refusal: ColumnValue {}
extension AuditEntry.Action: ColumnValue {}
