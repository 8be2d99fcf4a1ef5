import BreakerHTTP
import Foundation

/// The tokens file that a server makes for itself at its first start, so that a container is usable at once and never
/// open to all.
enum InitialTokens {
    /// Makes the file with one operator token, and prints its secret, unless the file exists or a database does.
    /// - Throws: ``SettingsError`` where the file cannot be made.
    static func make(at path: String, database: String) throws(SettingsError) {
        let files = FileManager.default
        guard !files.fileExists(atPath: path), !files.fileExists(atPath: database) else { return }
        let (token, secret) = Token.make(name: "operator", role: .operator, prefix: "")
        do {
            try create(path, content: token.line + "\n")
        } catch {
            throw SettingsError(description: "\(path) cannot be made: \(error.localizedDescription)")
        }
        let text = """

              Fusebox made \(path) with one operator token. Its secret, shown only now:

                  \(secret)


            """
        FileHandle.standardOutput.write(Data(text.utf8))
    }

    /// Creates a file that only its owner may read, and has it on the disk.
    private static func create(_ path: String, content: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(content.utf8))
            try file.synchronize()
        } catch {
            unlink(path)
            throw error
        }
    }
}
