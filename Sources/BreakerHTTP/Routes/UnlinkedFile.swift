import Crypto
import Foundation
import NIOCore
import NIOPosix

/// A file that has no name any more: it takes its disk space along when it is closed, whatever becomes of the request
/// that it was made for.
final class UnlinkedFile: Sendable {
    let length: Int
    let digestInBase64: String
    private let handle: FileHandle
    private let onClose: @Sendable () -> Void

    private init(handle: FileHandle, length: Int, digestInBase64: String, onClose: @escaping @Sendable () -> Void) {
        self.handle = handle
        self.onClose = onClose
        self.length = length
        self.digestInBase64 = digestInBase64
    }

    deinit {
        try? handle.close()
        onClose()
    }

    /// Takes the file's name away and reads it once, for its digest. All on a thread that may block.
    /// - Parameter onClose: called once the file is gone with its disk space; not where this throws.
    static func open(_ path: String, onClose: @escaping @Sendable () -> Void) async throws -> UnlinkedFile {
        try await NIOThreadPool.singleton.runIfActive {
            defer { try? FileManager.default.removeItem(atPath: path) }
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            var digest = SHA256()
            var length = 0
            while let chunk = try handle.read(upToCount: chunkBytes), !chunk.isEmpty {
                digest.update(data: chunk)
                length += chunk.count
            }
            try handle.seek(toOffset: 0)
            return UnlinkedFile(
                handle: handle,
                length: length,
                digestInBase64: Data(digest.finalize()).base64EncodedString(),
                onClose: onClose
            )
        }
    }

    /// The next piece; `nil` at the end.
    func next() async throws -> ByteBuffer? {
        try await NIOThreadPool.singleton.runIfActive { [handle] in
            guard let chunk = try handle.read(upToCount: Self.chunkBytes), !chunk.isEmpty else { return nil }
            return ByteBuffer(bytes: chunk)
        }
    }

    private static let chunkBytes = 262_144
}
