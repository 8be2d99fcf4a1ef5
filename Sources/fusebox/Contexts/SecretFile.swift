import BreakerSQLite
import Foundation

/// A file that may contain a secret.
enum SecretFile {
    /// - Parameter isSecret: whether a text contains a secret.
    /// - Throws: if the file cannot be read, or if it contains a secret and every user may read or write it.
    static func text(of path: String, isSecret: (String) -> Bool = { _ in true }) throws(SettingsError) -> String {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw SettingsError(description: "\(path) cannot be read: \(error.localizedDescription)")
        }
        let isShared = FileStatus(path: path)?.isSharedWithAll ?? false
        guard !isShared || !isSecret(text) else {
            throw SettingsError(
                description: "\(path) contains a token, and every user may read or write it; run chmod 600 \(path)"
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
