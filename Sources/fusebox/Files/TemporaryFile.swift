import BreakerSQLite
import Foundation

/// A file that is written next to its destination and gets the destination's name when it is complete. It has a random
/// name, and only its owner may read and write it from the start.
struct TemporaryFile {
    let path: String
    let handle: FileHandle
    private let destination: String

    /// - Parameter destination: the path of the complete file, which may exist.
    init(for destination: String) throws(POSIXError) {
        self.destination = destination
        path = "\(destination).\(UUID().uuidString)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Gives the file the destination's name. The file and the name then survive a power failure. An existing file is
    /// not replaced.
    func publish() throws {
        try handle.synchronize()
        guard link(path, destination) == 0 else { throw POSIXError.last }
        try synchronizeFolder()
    }

    /// Replaces the destination with this file, which gets the destination's owner, group and mode.
    func replace() throws {
        // The owner comes first: a change of it clears bits of the mode.
        try takeOwner(of: destination)
        guard let permissions = FileStatus(path: destination)?.permissions,
            fchmod(handle.fileDescriptor, mode_t(permissions)) == 0
        else { throw POSIXError.last }
        try handle.synchronize()
        guard rename(path, destination) == 0 else { throw POSIXError.last }
        try synchronizeFolder()
    }

    /// Gives this file the owner and the group of the file at `path`.
    func takeOwner(of path: String) throws {
        guard let status = FileStatus(path: path),
            fchown(handle.fileDescriptor, status.owner, status.group) == 0
        else { throw POSIXError.last }
    }

    /// Removes the random name. A published file stays under its destination's name. Always call this method.
    func discard() {
        unlink(path)
        try? handle.close()
    }

    private func synchronizeFolder() throws {
        let folder = URL(fileURLWithPath: destination).deletingLastPathComponent().path
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw POSIXError.last }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw POSIXError.last }
    }
}

extension POSIXError {
    /// The error of the last failed system call.
    static var last: POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}
