import BreakerAPI
import BreakerEngine
import HTTPTypes

extension Routes {
    static func backup(engine: Engine, folder: BackupFolder) -> [Route] {
        [
            Route(sending: .post, Paths.backup, .steer) { inquiry in
                try inquiry.access.requireAllNames()
                guard folder.begin() else { throw Problem(.overloaded, "another backup is being made or sent") }
                let file: UnlinkedFile
                do {
                    let path = folder.freshPath()
                    try await problems { () throws(EngineError) in try await engine.backUp(to: path) }
                    file = try await UnlinkedFile.open(path) { folder.end() }
                } catch {
                    folder.end()
                    throw error
                }
                let fields: HTTPFields = [
                    .contentType: "application/vnd.sqlite3",
                    .contentDisposition: "attachment; filename=\"fusebox.db\"",
                    .reprDigest: "sha-256=:\(file.digestInBase64):",
                    .cacheControl: "no-store",
                ]
                return .file(file, fields: fields)
            }
        ]
    }
}

extension HTTPField.Name {
    /// What the bytes of the whole representation hash to (RFC 9530).
    static let reprDigest = Self("Repr-Digest")!
}
