import BreakerHTTP
import BreakerSQLite
import Foundation
import Logging

/// A file that decides where the program reads tokens, or to which server it sends them.
enum TrustedFile {
    /// - Throws: if the file cannot be read, or if every user may write it.
    static func text(of path: String) throws(SettingsError) -> String {
        do {
            try FileStatus(path: path)?.refuseWritersAmongAll()
        } catch {
            throw SettingsError(description: "\(error)")
        }
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw SettingsError(description: "\(path) cannot be read: \(error.localizedDescription)")
        }
    }
}

/// A file that may contain a secret.
enum SecretFile {
    /// - Parameter isSecret: whether a text contains a secret.
    /// - Throws: if the file cannot be read, if every user may write it, or if it contains a secret and every user may
    ///   read it.
    static func text(of path: String, isSecret: (String) -> Bool = { _ in true }) throws(SettingsError) -> String {
        let text = try TrustedFile.text(of: path)
        let isShared = FileStatus(path: path)?.isReadableByAll ?? false
        guard !isShared || !isSecret(text) else {
            throw SettingsError(
                description: "\(path) contains a token, and every user may read it; run chmod 600 \(path)"
            )
        }
        return text
    }

    /// Reads a file that contains only a secret. `~/` at the start of the path is the user's home directory.
    static func secret(of path: String) throws(SettingsError) -> String {
        let path = NSString(string: path).expandingTildeInPath
        let secret = try text(of: path).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !secret.isEmpty, secret.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw SettingsError(description: "\(path) must contain the secret of a token and nothing else")
        }
        return secret
    }
}

/// Checks for files of the server that are not regular files, or that every user of the machine may read or write.
enum ExposedFile {
    static func check(_ files: ServerTLS.Files, logger: Logger) throws {
        try check(files.key, logger: logger)
        for path in [files.certificate, files.clientCA].compactMap(\.self) {
            try check(path, isSecret: false, logger: logger)
        }
    }

    /// Warns if every user may read the secret file at `path`. Does nothing if the file does not exist.
    /// - Throws: `StoreError` if the file is not a regular file, or if every user may write it.
    static func check(_ path: String, isSecret: Bool = true, logger: Logger) throws {
        guard let status = FileStatus(path: path) else { return }
        try status.requireRegularFile()
        try status.refuseWritersAmongAll()
        guard isSecret, status.isReadableByAll else { return }
        logger.warning(
            "Every user of this machine may read a file of the server",
            metadata: [
                "path": "\(path)", "remedy": "chmod o-r \(path)",
            ]
        )
    }
}

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
