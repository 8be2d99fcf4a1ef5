import BreakerHTTP
import Foundation

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
