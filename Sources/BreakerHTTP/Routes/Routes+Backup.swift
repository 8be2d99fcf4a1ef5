import BreakerAPI
import BreakerEngine
import BreakerStorage
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

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
                try access.access.require(.steer)
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

/// Allows one backup at a time to be made or sent, because each copy takes as much disk space as the database.
final class BackupSlot: Sendable {
    private let isTaken = NIOLockedValueBox(false)

    /// - Returns: `false` while another copy is made or sent.
    func take() -> Bool {
        isTaken.withLockedValue { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }

    func free() { isTaken.withLockedValue { $0 = false } }
}

/// A file without a name that is sent to a client. Its disk space is free once it is closed, even if the request fails.
final class UnlinkedFile: Sendable {
    let length: Int
    let digestInBase64: String
    private let file: OpenFile
    private let onEnd: @Sendable () -> Void

    private init(file: OpenFile, length: Int, digestInBase64: String, onEnd: @escaping @Sendable () -> Void) {
        self.file = file
        self.length = length
        self.digestInBase64 = digestInBase64
        self.onEnd = onEnd
    }

    deinit { onEnd() }

    private var handle: FileHandle { FileHandle(fileDescriptor: file.descriptor, closeOnDealloc: false) }

    /// Reads the file once, for its digest, on a thread that may block.
    ///
    /// - Parameter onEnd: called when the file has been sent or is dropped; not called where this throws.
    static func reading(_ file: OpenFile, onEnd: @escaping @Sendable () -> Void) async throws -> UnlinkedFile {
        try await NIOThreadPool.singleton.runIfActive {
            let handle = FileHandle(fileDescriptor: file.descriptor, closeOnDealloc: false)
            try handle.seek(toOffset: 0)
            var digest = SHA256()
            var length = 0
            while let chunk = try handle.read(upToCount: chunkBytes), !chunk.isEmpty {
                digest.update(data: chunk)
                length += chunk.count
            }
            try handle.seek(toOffset: 0)
            return UnlinkedFile(
                file: file,
                length: length,
                digestInBase64: Data(digest.finalize()).base64EncodedString(),
                onEnd: onEnd
            )
        }
    }

    /// The next piece; `nil` at the end.
    func next() async throws -> ByteBuffer? {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            guard let chunk = try handle.read(upToCount: Self.chunkBytes), !chunk.isEmpty else { return nil }
            return ByteBuffer(bytes: chunk)
        }
    }

    private static let chunkBytes = 262_144
}
