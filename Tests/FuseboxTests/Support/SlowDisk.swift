import EngineSupport
import Foundation
import TestSupport

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
