import BreakerHTTP
import Foundation

/// The tokens file that a server makes for itself at its first start, so that a container is usable at once and never
/// open to all.
enum InitialTokens {
    /// Makes the file with one operator token, and prints its secret, where neither the file nor a database exists.
    ///
    /// The secret is printed before the file has its name: a start that is killed in between is a first start again.
    /// - Throws: ``SettingsError`` where the file cannot be made, or is missing beside a database.
    static func make(at path: String, database: String) throws(SettingsError) {
        let files = FileManager.default
        guard !files.fileExists(atPath: path) else { return }
        guard !files.fileExists(atPath: database) else {
            throw SettingsError(
                description: """
                    \(path) cannot be read: there is no such file, and it is made only where there is no database yet. \
                    Make a line for it with fusebox token new, or name your own file in FUSEBOX_TOKENS.
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
            // Fails where the path has come to exist.
            try file.publish()
        } catch {
            throw SettingsError(description: "\(path) cannot be made: \(error.localizedDescription)")
        }
    }

    private static func announcement(of secret: String, in path: String) -> String {
        """

              Fusebox made \(path) with one operator token. Its secret, shown only now:

                  \(secret)


        """
    }
}
