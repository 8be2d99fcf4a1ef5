package import BreakerStorage
import CSQLite
import Platform

/// Copies a database in use: one consistent snapshot, checked, in a file without a name.
///
/// The pages are copied within one read transaction, so that the copy is the result of one commit. The writer continues
/// in the meantime; only the WAL grows. SQLite opens files by name, so the copy has a random name, but only while it is
/// empty. A process that is killed therefore leaves no copy.
struct Backup {
    let source: FilePath
    let vfs: String?
    let lock: DatabaseLock?
    /// Returns `true` if the backup should be abandoned.
    let isStopped: () -> Bool

    func run() throws(StoreError) -> OpenFile {
        let (file, target, copy) = try openCopy()
        try translatingErrors("\(source.text) cannot be copied") { () throws(SQLiteError) in
            let connection = try Connection(path: source.text, access: .readOnly, vfs: vfs, lock: lock)
            try copyPages(of: connection, to: target)
        }
        guard Self.leaveWALMode(file) else {
            throw StoreError(.unavailable, "the copy of \(source.text) cannot be written", cause: lastSystemError())
        }
        copy.stops(when: isStopped)
        let message = "the copy of \(source.text) is damaged"
        try translatingErrors(message) { () throws(SQLiteError) in
            // A server with the copy begins another history, which lacks the original's later changes. The copy must
            // not sign in a browser either, so the bytes of the key are overwritten.
            try copy.execute(
                """
                PRAGMA journal_mode = OFF;
                PRAGMA secure_delete = ON;
                UPDATE server SET epoch = NULL, session_key = NULL;
                DELETE FROM revoked_sessions
                """
            )
        }
        try DatabaseCheck.check(copy, message: message)
        return file
    }

    /// Opens an empty file with two connections and removes its name. The second one reads only the complete copy.
    private func openCopy() throws(StoreError) -> (file: OpenFile, target: Connection, copy: Connection) {
        let random = String(UInt64.random(in: 0...(.max)), radix: 16)
        let path = FilePath(folder: source.folder, name: "\(source.name).copy-\(random)")
        guard let file = try path.create() else {
            throw StoreError(.unavailable, "\(path.text) already exists; retry")
        }
        let connections = Result { () throws(StoreError) in
            try translatingErrors("\(path.text) cannot be opened") { () throws(SQLiteError) in
                (
                    try Connection(path: path.text, access: .readWrite, vfs: vfs),
                    try Connection(path: path.text, access: .readWrite, vfs: vfs)
                )
            }
        }
        try path.remove()
        let (target, copy) = try connections.get()
        return (file, target, copy)
    }

    private func copyPages(of connection: Connection, to target: Connection) throws(SQLiteError) {
        // Without this transaction, SQLite could use another snapshot for each step.
        try connection.execute("BEGIN; SELECT 1 FROM sqlite_schema")
        // No journal, because an incomplete copy is useless. No sync, because the copy is only read back at once.
        try target.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
        guard let backup = sqlite3_backup_init(target.handle, "main", connection.handle, "main") else {
            throw target.error(sqlite3_extended_errcode(target.handle), in: "a backup")
        }
        var result = SQLITE_OK
        while result == SQLITE_OK {
            result = isStopped() ? SQLITE_INTERRUPT : sqlite3_backup_step(backup, Self.pagesAStep)
        }
        let message = String(cString: sqlite3_errstr(result))
        sqlite3_backup_finish(backup)
        guard result == SQLITE_DONE else { throw SQLiteError(code: result, message: message, context: "a backup") }
    }

    /// 4 MiB, which take a few milliseconds.
    private static let pagesAStep: Int32 = 1_024

    /// Clears WAL mode in the header of the copy. SQLite would otherwise create a WAL for the copy, which has no name.
    /// - Returns: whether the header could be written.
    static func leaveWALMode(_ file: OpenFile) -> Bool {
        // Bytes 18 and 19 are the file format's write and read versions: 1 without a WAL, 2 with one.
        pwrite(file.descriptor, [1, 1] as [UInt8], 2, 18) == 2
    }
}

/// Checks a copy of a database before any other code uses it.
package enum DatabaseCheck {
    /// Reads the whole database at `path`, which no process may write meanwhile.
    /// - Throws: ``StoreError/Code/corrupt`` if any part of it is damaged.
    package static func check(_ path: String) throws(StoreError) {
        let path = try FilePath(path).text
        let message = "the copy \(path) is damaged"
        let connection = try translatingErrors(message) { () throws(SQLiteError) in
            try Connection(path: path, access: .readOnly, vfs: nil)
        }
        try check(connection, message: message)
    }

    /// - Parameter message: the error message for a damaged database.
    static func check(_ connection: Connection, message: String) throws(StoreError) {
        let findings = try translatingErrors(message) { () throws(SQLiteError) in
            try connection.texts("PRAGMA integrity_check(3)")
        }
        guard findings == ["ok"] else {
            throw StoreError(.corrupt, message, cause: findings.joined(separator: "; "))
        }
    }
}
