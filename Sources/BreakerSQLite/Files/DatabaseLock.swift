import BreakerStorage
import CPlatform
import Platform

/// Exclusive ownership of a database: a lock on `<database>.lock` and a lock on the database itself.
///
/// The file `<database>.lock` contains the owner's process id, for the error message of a second owner. Its lock can be
/// held before the database exists. The second lock is on the database file, because the same database under another
/// path (a file that is mounted elsewhere) has another `.lock` file. When this process closes any descriptor of the
/// database, it loses SQLite's own locks (`fcntl(2)`). Therefore the descriptor is opened before SQLite opens the file
/// and closed after every connection: each ``Connection`` to the database retains this object, and no other code opens
/// the database.
///
/// `<database>.lock` is never deleted, because another owner may already hold it. Both locks belong to open files, so a
/// second owner within the same process is refused too. The system releases the locks when the process ends or crashes.
final class DatabaseLock {
    private let path: FilePath
    private let logPath: String
    private let named: OpenFile
    private var database: OpenFile?
    /// The write-ahead log that SQLite has open; `nil` until ``openLog()``.
    private var log: OpenFile?

    /// Locks `<database>.lock`, and creates it if it is missing.
    /// - Throws: ``StoreError/Code/inUse``, naming the owner, if another process has the lock;
    ///   ``StoreError/Code/unavailable`` if the file cannot be created, or belongs to another program.
    init(_ database: FilePath) throws(StoreError) {
        path = database
        logPath = database.text + DatabaseParts.log
        let lockPath = database.text + ".lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = errno
            let remedy = reason == ELOOP ? "it is a link; remove it" : database.remedy(for: reason)
            throw StoreError(
                .unavailable,
                "\(lockPath) cannot be opened; \(remedy)",
                cause: String(cString: strerror(reason))
            )
        }
        named = OpenFile(descriptor: descriptor)
        try FileStatus(of: named, at: lockPath).refuseSharing()
        guard try Self.lock(named, at: lockPath) else {
            throw StoreError(
                .inUse,
                "\(database.text) is in use by process \(owner ?? "?"); stop it first, or choose another path"
            )
        }
        guard isEmptyOrOwn else {
            throw StoreError(
                .unavailable,
                "\(lockPath) is not a lock file of Fusebox; rename it, or choose another path for the database"
            )
        }
        noteOwner()
    }

    deinit {
        // The lock on the database is released first, because the next owner takes the lock on the `.lock` file first.
        database = nil
    }

    /// Opens and locks the database, and creates an empty file if there is none.
    /// - Throws: ``StoreError/Code/inUse`` if a server has the database open under another path;
    ///   ``StoreError/Code/unavailable`` if the database cannot be opened, or other users can write it.
    func lockDatabase() throws(StoreError) {
        for ending in [""] + DatabaseParts.endings {
            try FileStatus(withoutFollowingLinks: path.text + ending)?.refuseSharing()
        }
        let file = if let created = try path.create() { created } else { try Self.openExisting(path.text) }
        try FileStatus(of: file, at: path.text).refuseSharing()
        // On other systems, `flock` conflicts with SQLite's own locks.
        #if os(Linux)
            guard try Self.lock(file, at: path.text) else {
                throw StoreError(
                    .inUse,
                    "\(path.text) is in use by another server under another path; stop it first, or choose another file"
                )
            }
        #endif
        database = file
    }

    // MARK: Removed and replaced files

    /// Opens the write-ahead log, which SQLite has opened and keeps until the last connection closes. SQLite holds no
    /// locks on the log, which closing this descriptor would release.
    /// - Throws: ``StoreError/Code/unavailable``.
    func openLog() throws(StoreError) { log = try Self.openExisting(logPath) }

    /// Checks that the database and its write-ahead log are linked in some folder. Otherwise SQLite writes to files that
    /// no start can find. This is cheap enough for each transaction, because it looks up no path.
    /// - Throws: ``StoreError/Code/unavailable``.
    func requireLinks() throws(StoreError) {
        guard let database, let log else { return }
        if link_count(database.descriptor) < 1 || link_count(log.descriptor) < 1 { try requireNames() }
    }

    /// Checks that the database and its write-ahead log still have their names. Otherwise the next start does not find
    /// what SQLite writes. The check opens no file.
    /// - Throws: ``StoreError/Code/unavailable``.
    func requireNames() throws(StoreError) {
        guard let database else { return }
        try Self.require(
            database,
            at: path.text,
            "\(path.text) was removed or replaced while the server was running; put the same file back, or stop the "
                + "server and restore a backup"
        )
        guard let log else { return }
        try Self.require(
            log,
            at: logPath,
            "\(logPath) was removed or replaced while the server was running; stop the server, which moves the "
                + "contents of its log into the database; remove any file of this name, and start the server again"
        )
    }

    private static func require(
        _ file: OpenFile,
        at path: String,
        _ message: @autoclosure () -> String
    ) throws(StoreError) {
        guard let found = FileStatus(withoutFollowingLinks: path) else {
            let cause = lastSystemError()
            throw StoreError(.unavailable, message(), cause: cause)
        }
        guard found.isSameFile(as: FileStatus(of: file, at: path)) else {
            throw StoreError(.unavailable, message())
        }
    }

    private static func openExisting(_ path: String) throws(StoreError) -> OpenFile {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError(
                .unavailable,
                "\(path) cannot be opened; give this user read and write permission",
                cause: lastSystemError()
            )
        }
        return OpenFile(descriptor: descriptor)
    }

    /// - Returns: `false` if another open file has the lock.
    private static func lock(_ file: OpenFile, at path: String) throws(StoreError) -> Bool {
        if flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw StoreError(.unavailable, "\(path) cannot be locked", cause: lastSystemError())
    }

    /// Writes this process's id to the `.lock` file. Only a second owner reads it, so the lock also works if a full
    /// disk has no room for the id. The id overwrites the previous one, in space that the file already has.
    private func noteOwner() {
        let bytes = Array("\(getpid())\n".utf8)
        let written = pwrite(named.descriptor, bytes, bytes.count, 0)
        _ = ftruncate(named.descriptor, off_t(max(0, written)))
    }

    /// The process id in the file; `nil` if the owner has not written it yet.
    private var owner: String? {
        let digits = content.prefix(while: Self.isDigit)
        return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
    }

    /// Whether the file contains only a process id, perhaps followed by the rest of an earlier one.
    private var isEmptyOrOwn: Bool {
        content.count < Self.maximumLength && content.allSatisfy { Self.isDigit($0) || $0 == UInt8(ascii: "\n") }
    }

    private var content: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.maximumLength)
        let count = pread(named.descriptor, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(0, count)))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// More bytes than a process id has.
    private static let maximumLength = 32
}
