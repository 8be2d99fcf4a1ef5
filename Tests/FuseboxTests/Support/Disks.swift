import EngineSupport
import Foundation
import TestSupport

/// A disk of a few megabytes, which a test can fill. It is unmounted with its last reference.
final class SmallDisk: Sendable {
    private let folder: TemporaryFolder

    struct NotMounted: Error {}

    /// - Parameter files: the maximum number of files and folders; `nil` for the system's default.
    init(megabytes: Int, files: Int? = nil) throws {
        folder = try TemporaryFolder()
        let options = "size=\(megabytes)m" + (files.map { ",nr_inodes=\($0)" } ?? "")
        guard Self.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder.path) else {
            throw NotMounted()
        }
    }

    deinit { _ = Self.run("umount", "-l", folder.path) }

    func path(_ name: String) -> String { folder.path(name) }

    /// Fills all the remaining space.
    func fill() throws {
        let path = path("ballast")
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let descriptor = open(path, O_WRONLY | O_APPEND)
        defer { close(descriptor) }
        // In ever smaller pieces, down to the last byte.
        for size in [65_536, 4_096, 1] {
            let chunk = [UInt8](repeating: 0, count: size)
            while write(descriptor, chunk, size) == size {}
        }
    }

    /// Makes the disk read-only.
    func protect() throws {
        guard Self.run("mount", "-o", "remount,ro", folder.path) else { throw NotMounted() }
    }

    func empty() throws { try FileManager.default.removeItem(atPath: path("ballast")) }

    /// Whether the tests may mount a disk. Only root may, and in most containers not even root.
    static let isPossible: Bool = (try? SmallDisk(megabytes: 1)) != nil

    private static func run(_ command: String...) -> Bool {
        (try? SpawnedProcess("/usr/bin/env", command))?.waitUntilEnd() == .exited(0)
    }
}

/// Makes each sync of a server's process take longer, as on a slow disk.
struct SlowDisk {
    private let folder: TemporaryFolder
    private let syncMs: Int

    struct NotCompiled: Error {}

    init(syncMs: Int) throws {
        self.syncMs = syncMs
        folder = try TemporaryFolder()
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "SlowDisk/slow_sync.c")
        let compiler = ["cc", "-shared", "-fPIC", "-o", library, source.path, "-ldl"]
        guard try SpawnedProcess("/usr/bin/env", compiler).waitUntilEnd() == .exited(0) else { throw NotCompiled() }
    }

    private var library: String { folder.path("slow_sync.so") }

    var environment: [String: String] { ["LD_PRELOAD": library, "SLOW_SYNC_MS": String(syncMs)] }
}
