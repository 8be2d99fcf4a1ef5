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

/// A database that no server uses. As long as this object exists, no server can start with it.
package final class StoppedDatabase {
    /// Whether there is a database already.
    package let exists: Bool
    private let file: FilePath
    private let lock: DatabaseLock

    /// The absolute path of the database, with links resolved.
    package var path: String { file.text }

    /// - Parameter path: the path of the database, which need not exist.
    /// - Throws: ``StoreError/Code/inUse`` if a server uses it; ``StoreError/Code/unavailable`` if it is not a file that
    ///   a server would open.
    package init(_ path: String) throws(StoreError) {
        file = try FilePath(path)
        lock = try DatabaseLock(file)
        exists = FileStatus(withoutFollowingLinks: file.text) != nil
        if exists {
            try lock.lockDatabase()
            return
        }
        // SQLite would apply these to the database that gets the name.
        for part in DatabaseParts.endings.map({ file.text + $0 }) where FileStatus(withoutFollowingLinks: part) != nil {
            throw StoreError(
                .unavailable,
                "\(file.text) is missing, but \(part) belongs to it; put the database back, or move \(part) elsewhere"
            )
        }
    }

    /// Gives the database and the files that SQLite keeps beside it other names, so that they stay one database. This
    /// replaces no file. Once this returns, the names survive a power failure.
    ///
    /// - Parameter ending: the ending of the other name.
    /// - Returns: the other path of the database.
    package func setAside(with ending: String) throws(StoreError) -> String {
        let target = file.text + ending
        let parts = [""] + DatabaseParts.endings
        for part in parts where FileStatus(withoutFollowingLinks: target + part) != nil {
            throw StoreError(.unavailable, "\(target + part) already exists; retry")
        }
        // The database gets its other name before its log does. A crash between the two leaves a log without a database,
        // with which no server starts. In the other order, it would leave a database without its last commits.
        for part in parts where FileStatus(withoutFollowingLinks: file.text + part) != nil {
            guard link(file.text + part, target + part) == 0, unlink(file.text + part) == 0 else {
                throw StoreError(
                    .unavailable,
                    "\(file.text + part) cannot be renamed to \(target + part)",
                    cause: lastSystemError()
                )
            }
        }
        let folder = open(file.folder, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else {
            throw StoreError(.unavailable, "\(file.folder) cannot be opened", cause: lastSystemError())
        }
        defer { close(folder) }
        guard fsync(folder) == 0 else {
            throw StoreError(.unavailable, "\(file.folder) cannot be synced", cause: lastSystemError())
        }
        return target
    }
}
