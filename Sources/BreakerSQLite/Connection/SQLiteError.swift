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

    /// Whether there is no shared memory beside the file: of a full disk, nearly always.
    var isOfSharedMemory: Bool {
        // SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE and SQLITE_IOERR_SHMMAP, which are macros that Swift cannot read.
        [18, 19, 21].contains(code >> 8) && code & 0xff == SQLITE_IOERR
    }

    /// What is wrong and what to do, where the code says it.
    private var advice: String? {
        switch code & 0xff {
        case SQLITE_FULL: "the disk is full; make room on it"
        case SQLITE_CANTOPEN:
            "no file can be opened or made in its folder; make it writable, with room for another file"
        case SQLITE_READONLY: "it is read-only; let this user write it, and mount its file system read-write"
        default: isOfSharedMemory ? "the disk is full; make room on it" : nil
        }
    }

    /// `message`, and what the operator can do about it.
    func explaining(_ message: String) -> String {
        advice.map { "\(message): \($0)" } ?? message
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
            : StoreError(.unavailable, error.explaining(message()), cause: error.description)
    }
}
