import BreakerStorage
import CSQLite

/// An error of SQLite, or an invalid value in a row.
struct SQLiteError: Error, CustomStringConvertible {
    /// An extended result code.
    var code: Int32
    /// SQLite's own message.
    var message: String
    /// The SQL, or another description of the operation.
    var context: String

    var description: String { "SQLite \(code): \(message); in: \(context)" }

    /// The error for a value that no version of the program stores.
    static func damaged(_ what: String) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: what, context: "reading a row")
    }

    /// Whether SQLite could not create its shared-memory file, nearly always because the disk is full.
    var isOfSharedMemory: Bool {
        // SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE and SQLITE_IOERR_SHMMAP are macros that Swift cannot import.
        [18, 19, 21].contains(code >> 8) && code & 0xff == SQLITE_IOERR
    }

    /// The fault and its remedy, if the code is specific enough.
    private var advice: String? {
        switch code & 0xff {
        case SQLITE_FULL: "the disk is full; delete files on it"
        case SQLITE_CANTOPEN:
            "a file in its folder cannot be opened or created; make the folder writable, with space for another file"
        case SQLITE_READONLY: "it is read-only; give this user write permission, and mount its file system read-write"
        default: isOfSharedMemory ? "the disk is full; delete files on it" : nil
        }
    }

    /// `message`, with what the operator can do about the error.
    func explaining(_ message: String) -> String {
        advice.map { "\(message): \($0)" } ?? message
    }

    /// Whether the file itself is damaged. Other errors come from the disk or are temporary.
    var isDamage: Bool {
        switch code & 0xff {
        case SQLITE_CORRUPT, SQLITE_NOTADB: true
        default: false
        }
    }
}

/// Runs `body`, and translates an error of SQLite into a ``StoreError``.
///
/// - Parameters:
///   - message: the operation that failed, for the operator.
///   - remedy: what the operator can do if the file is damaged.
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
            : StoreError(.unavailable, error.explaining(message()), cause: error.description)
    }
}
