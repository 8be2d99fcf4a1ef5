import Foundation

/// A new temporary folder, which is removed when the last reference is released.
package final class TemporaryFolder: Sendable {
    package enum Medium: String, Sendable {
        case disk
        /// A folder in memory, for tests with thousands of syncs that prove nothing about the disk. On a system without
        /// one, the folder is on disk.
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
