package import BreakerStorage
import Platform

/// The copy of a backup that becomes the database of a server.
package enum RestoredCopy {
    /// Checks that a server of this version can use the copy, and makes it begin another history.
    ///
    /// - Parameters:
    ///   - path: the copy, which no other process uses.
    ///   - backup: the path of the backup, for error messages.
    /// - Throws: ``StoreError/Code/corrupt``; ``StoreError/Code/incompatible`` if another program or a later version has
    ///   made it.
    package static func prepare(_ path: String, of backup: String) throws(StoreError) {
        let path = try FilePath(path).text
        let remedy = "choose another backup"
        let message = "\(backup) cannot be read as a database"
        try leaveWALMode(path)
        let (connection, id) = try translatingErrors(message, remedy: "; " + remedy) {
            () throws(SQLiteError) -> (Connection, Int64?) in
            let connection = try Connection(path: path, access: .readWrite, vfs: nil)
            return (connection, try connection.integer("PRAGMA application_id"))
        }
        guard id == Migrator.applicationID else {
            throw StoreError(.incompatible, "\(backup) is not a database of Fusebox; \(remedy)")
        }
        _ = try Migrator().pending(on: connection, backup, remedy: remedy)
        try DatabaseCheck.check(connection, message: "\(backup) is damaged; \(remedy)")
        try translatingErrors("the copy of \(backup) cannot be written") { () throws(SQLiteError) in
            try beginHistory(connection)
        }
    }

    /// Clears WAL mode in the header of the copy, which has no WAL.
    private static func leaveWALMode(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError(.unavailable, "\(path) cannot be opened", cause: lastSystemError())
        }
        guard Backup.leaveWALMode(OpenFile(descriptor: descriptor)) else {
            throw StoreError(.unavailable, "\(path) cannot be written", cause: lastSystemError())
        }
    }

    /// Removes what `Backup` leaves out of its copies, too, in case the file is not one of them. A backup of an early
    /// version lacks some of the columns.
    private static func beginHistory(_ connection: Connection) throws(SQLiteError) {
        // If this is cut off, the copy is not used.
        try connection.execute("PRAGMA journal_mode = OFF; PRAGMA secure_delete = ON")
        for column in ["epoch", "session_key"] {
            let columns = "SELECT count(*) FROM pragma_table_info('server') WHERE name = '\(column)'"
            if try connection.integer(columns) == 1 { try connection.execute("UPDATE server SET \(column) = NULL") }
        }
    }
}
