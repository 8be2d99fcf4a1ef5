import Foundation

/// Another writer on the same database, as far as SQLite can tell: holds the lock that every write takes.
final class WriteLock {
    struct Failure: Error {
        var code: Int32
    }

    private let descriptor: Int32

    /// SQLite's write lock is this byte of the shared memory's file (sqlite.org/walformat.html, "WAL Locks"). A lock
    /// of an open file description counts against the locks of this very process too.
    private static let writeLockByte = 120

    /// `F_OFD_SETLK`, which Glibc's module leaves out.
    private static let setLock: Int32 = 37

    init(databasePath: String) throws {
        descriptor = open("\(databasePath)-shm", O_RDWR)
        var range = flock()
        range.l_type = Int16(F_WRLCK)
        range.l_whence = Int16(SEEK_SET)
        range.l_start = Self.writeLockByte
        range.l_len = 1
        guard descriptor >= 0, fcntl(descriptor, Self.setLock, &range) == 0 else { throw Failure(code: errno) }
    }

    deinit { close(descriptor) }

    /// Lets the other writer go on.
    func release() {
        var range = flock()
        range.l_type = Int16(F_UNLCK)
        range.l_whence = Int16(SEEK_SET)
        _ = fcntl(descriptor, Self.setLock, &range)
    }
}
