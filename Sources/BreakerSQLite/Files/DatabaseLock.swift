import BreakerStorage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The right to own a database: an advisory lock on `<database>.lock`, with the owner's process id inside.
///
/// A file of its own, for a lock on the database would be lost as soon as any descriptor of it closes (`fcntl(2)`).
/// It is never deleted: who deletes it may delete another owner's. The lock belongs to the open file, so a second
/// owner within the same process is refused too. It ends with the process, however that ends.
final class DatabaseLock {
    private let descriptor: CInt

    /// - Throws: ``StoreError/Code/inUse``, naming the owner, where somebody has the lock;
    ///   ``StoreError/Code/unavailable`` where the file cannot be made.
    init(_ database: FilePath) throws(StoreError) {
        let path = database.text + ".lock"
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            let reason = errno
            throw StoreError(
                .unavailable,
                "\(path) cannot be opened; \(database.remedy(for: reason))",
                cause: String(cString: strerror(reason))
            )
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let owner = Self.read(opened)
            close(opened)
            guard reason == EWOULDBLOCK else {
                throw StoreError(.unavailable, "\(path) cannot be locked", cause: String(cString: strerror(reason)))
            }
            throw StoreError(
                .inUse,
                "\(database.text) is in use by process \(owner); stop it first, or choose another path"
            )
        }
        descriptor = opened
        noteOwner()
    }

    deinit {
        close(descriptor)
    }

    /// The process id is only told to a second owner: where a full disk has no room for it, the lock is as good. It goes
    /// where the last one is, in the space that the file has.
    private func noteOwner() {
        let bytes = Array("\(getpid())\n".utf8)
        let written = pwrite(descriptor, bytes, bytes.count, 0)
        _ = ftruncate(descriptor, off_t(max(0, written)))
    }

    /// The process id in the file; a question mark while the owner is about to write it.
    private static func read(_ descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits.isEmpty ? "?" : String(decoding: digits, as: UTF8.self)
    }
}
