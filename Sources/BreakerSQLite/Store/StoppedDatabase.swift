package import BreakerStorage
import Platform

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
        // The database comes first. If a crash leaves its log behind, no server starts with the log alone; but one would
        // start with a database whose log, and with it the last commits, has another name.
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
