import BreakerHTTP
import BreakerSQLite
import Foundation

/// A tokens file that a command shows or edits.
///
/// A server that reads the file in the meantime gets the old or the new text. Commands edit the files of a folder one
/// after another, so that none of them undoes the change of another. Other programs, such as an editor, do not take the
/// lock: if one of them has changed the file since it was read, it is not replaced.
struct TokensFile {
    let path: String
    /// `nil` where the file does not exist.
    let text: String?
    let tokens: [Token]
    /// Has the lock of the folder.
    private var folder: FileHandle?

    /// - Throws: an error if the file does not exist, or if a server would not accept it.
    init(reading path: String) throws {
        try self.init(path: path)
        guard text != nil else { throw Self.unreadable(path, "the file does not exist") }
    }

    /// Reads the file for a change. It need not exist.
    init(editing path: String) throws {
        let folder = try Self.lockFolder(of: path)
        try self.init(path: path)
        self.folder = folder
    }

    private init(path: String) throws {
        self.path = path
        text = try Self.text(at: path)
        let isEmpty = text.map { TokenFile.isEmpty($0) } ?? true
        tokens = try isEmpty ? [] : TokenFile.parse(text ?? "", file: path, acceptsCertificates: true)
    }

    /// - Returns: `nil` if the file does not exist.
    private static func text(at path: String) throws -> String? {
        // A link would be replaced by a file, and the file that it leads to would keep its text.
        guard let status = FileStatus(withoutFollowingLinks: path) else { return nil }
        try status.requireRegularFile()
        try status.refuseWritersAmongAll()
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw unreadable(path, error.localizedDescription)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw unreadable(path, "it is not UTF-8 text")
        }
        return text
    }

    private static func unreadable(_ path: String, _ reason: String) -> SettingsError {
        SettingsError(description: "\(path) cannot be read: \(reason)")
    }

    /// Waits until no other command edits a file of the folder. The lock ends with the process.
    private static func lockFolder(of path: String) throws -> FileHandle {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, POSIXError.last.localizedDescription) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw unreadable(path, POSIXError.last.localizedDescription) }
        }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Replaces the text of the file, or creates the file with mode 0600.
    ///
    /// - Parameter announce: called when the text is on the disk under another name. If it throws, the file stays
    ///   unchanged.
    func write(_ text: String, announce: () throws(Output.Failure) -> Void = {}) throws {
        // The lock is held until the change is made.
        try withExtendedLifetime(folder) {
            guard try Self.text(at: path) == self.text else {
                throw SettingsError(description: "\(path) was changed in the meantime; run the command again")
            }
            // Finds what a server would not accept.
            _ = try TokenFile.parse(text, file: path, acceptsCertificates: true)
            do {
                let file = try TemporaryFile(for: path)
                defer { file.discard() }
                try file.handle.write(contentsOf: Data(text.utf8))
                try file.handle.synchronize()
                try announce()
                if self.text == nil { try file.publish() } else { try file.replace() }
            } catch let error as Output.Failure {
                throw error
            } catch {
                throw SettingsError(description: "\(path) cannot be written: \(error.localizedDescription)")
            }
        }
    }
}

/// The tokens file that a server creates at its first start, so that a container is usable at once and never open to
/// all clients.
enum InitialTokens {
    /// Creates the file with one operator token and prints the secret, if neither the file nor a database exists.
    ///
    /// The secret is printed before the file gets its name. If the start is killed in between, the next start is a
    /// first start again.
    /// - Throws: ``SettingsError`` if the file cannot be created, or if it is missing although a database exists.
    static func make(at path: String, database: String) throws(SettingsError) {
        let files = FileManager.default
        guard !files.fileExists(atPath: path) else { return }
        guard !files.fileExists(atPath: database) else {
            throw SettingsError(
                description: """
                    \(path) cannot be read: the file does not exist, and the server creates it only if there is no \
                    database yet. Create a line for it with fusebox token new, or set FUSEBOX_TOKENS to your own file.
                    """
            )
        }
        let (token, secret) = Token.make(name: "operator", role: .operator, prefix: "")
        do {
            let file = try TemporaryFile(for: path)
            defer { file.discard() }
            try file.handle.write(contentsOf: Data((token.line + "\n").utf8))
            try file.handle.synchronize()
            try FileHandle.standardOutput.write(contentsOf: Data(announcement(of: secret, in: path).utf8))
            // Fails if the path exists by now.
            try file.publish()
        } catch {
            throw SettingsError(description: "\(path) cannot be created: \(error.localizedDescription)")
        }
    }

    private static func announcement(of secret: String, in path: String) -> String {
        """

              Fusebox created \(path) with one operator token. Its secret, shown only once:

                  \(secret)


        """
    }
}
