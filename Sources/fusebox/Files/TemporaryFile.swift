import BreakerSQLite
import Foundation

/// A new file beside the path that it is made for, until it is complete. It has a random name, and from the first moment
/// only its owner may read and write it.
struct TemporaryFile {
    let path: String
    let handle: FileHandle
    private let destination: String

    /// - Parameter destination: may exist.
    init(for destination: String) throws(POSIXError) {
        self.destination = destination
        path = "\(destination).\(UUID().uuidString)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Gives the file its destination as a name, and makes both survive a power cut. What has that name is not replaced.
    func publish() throws {
        try handle.synchronize()
        guard link(path, destination) == 0 else { throw POSIXError.last }
        try synchronizeFolder()
    }

    /// Puts the file in the place of its destination, whose mode it gets.
    func replace() throws {
        guard let permissions = FileStatus(path: destination)?.permissions,
            fchmod(handle.fileDescriptor, mode_t(permissions)) == 0
        else { throw POSIXError.last }
        try handle.synchronize()
        guard rename(path, destination) == 0 else { throw POSIXError.last }
        try synchronizeFolder()
    }

    /// Removes the random name; the file stays under the one that it was given. Call it in any case.
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
    /// What the system said of the last call that failed.
    static var last: POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}
