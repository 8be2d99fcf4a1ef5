import Foundation

/// A fresh folder of its own; it goes with the last reference.
package final class TemporaryFolder: Sendable {
    package enum Medium: String, Sendable {
        case disk
        /// For tests of thousands of syncs that prove nothing about the disk below. The disk where there is no such
        /// thing.
        case memory = "/dev/shm"
    }

    package let path: String

    package init(in medium: Medium = .disk) throws {
        var parent = FileManager.default.temporaryDirectory.path
        if medium == .memory, FileManager.default.isWritableFile(atPath: medium.rawValue) { parent = medium.rawValue }
        path = "\(parent)/fusebox-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func path(_ name: String) -> String { "\(path)/\(name)" }
}
