import BreakerAPI
import BreakerEngine
import HTTPTypes
import Hummingbird

extension Routes {
    /// - Parameter gatekeeper: decides how long a client may read a backup.
    static func backup(_ engine: Engine, gatekeeper: Gatekeeper) -> [Route] {
        let slot = BackupSlot()
        return [
            Route(sending: .post, Paths.backup, .steer) { context in
                let access = try LastingAccess(
                    gatekeeper,
                    context.fields,
                    certificate: context.certificate,
                    at: engine.clock.now()
                )
                try access.access.requireAllNames()
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
                return .pieces(fields, length: file.length) { writer in
                    var access = access
                    while let chunk = try await file.next() {
                        try access.require(at: engine.clock.now())
                        try await writer.write(chunk)
                    }
                }
            }
        ]
    }
}

extension HTTPField.Name {
    /// The digest of the whole representation (RFC 9530).
    static let reprDigest = Self("Repr-Digest")!
}
