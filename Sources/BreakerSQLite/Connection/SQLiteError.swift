import BreakerStorage
import CSQLite

/// What SQLite said when it refused, or what was found in a row that makes no sense.
struct SQLiteError: Error, CustomStringConvertible {
    /// An extended result code.
    var code: Int32
    /// SQLite's own words.
    var message: String
    /// The SQL, or what else was attempted.
    var context: String

    var description: String { "SQLite \(code): \(message); in: \(context)" }

    /// For a value that no version of the program stores.
    static func damaged(_ what: String) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: what, context: "reading a row")
    }

    /// Whether the file itself is at fault, and not the disk or the moment.
    var isDamage: Bool {
        switch code & 0xff {
        case SQLITE_CORRUPT, SQLITE_NOTADB: true
        default: false
        }
    }
}

/// Runs `body`. An error of SQLite becomes one that users of a store understand.
///
/// - Parameters:
///   - message: what could not be done.
///   - remedy: what the operator may do where the file is damaged.
func translatingErrors<Value>(
    _ message: @autoclosure () -> String,
    remedy: @autoclosure () -> String = "",
    _ body: () throws(SQLiteError) -> Value
) throws(StoreError) -> Value {
    do throws(SQLiteError) {
        return try body()
    } catch {
        throw error.isDamage
            ? StoreError(.corrupt, message() + remedy(), cause: error.description)
            : StoreError(.unavailable, message(), cause: error.description)
    }
}
