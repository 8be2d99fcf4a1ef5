import BreakerStorage
import Crypto
import Foundation
import NIOCore
import NIOPosix

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
