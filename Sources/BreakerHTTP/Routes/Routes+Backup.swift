import BreakerAPI
import BreakerEngine
import HTTPTypes

extension Routes {
    static func backup(_ engine: Engine) -> [Route] {
        let slot = BackupSlot()
        return [
            Route(sending: .post, Paths.backup, .steer) { context in
                try context.access.requireAllNames()
                guard slot.take() else { throw Problem(.overloaded, "another backup is in progress; retry later") }
                let file: UnlinkedFile
                do {
                    let copy = try await engine.backUp(for: context.author)
                    file = try await UnlinkedFile.reading(copy) { slot.free() }
                } catch {
                    slot.free()
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
    /// The digest of the whole representation (RFC 9530).
    static let reprDigest = Self("Repr-Digest")!
}
