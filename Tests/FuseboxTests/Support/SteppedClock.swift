import Foundation
import TestSupport

/// A process's view of the system clock, which a test sets while the process runs.
struct SteppedClock: Sendable {
    private let folder: TemporaryFolder

    struct NotCompiled: Error {}

    init() throws {
        folder = try TemporaryFolder()
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../SteppedClock/stepped_clock.c").standardized.path
        let arguments = ["-shared", "-fPIC", "-o", folder.path("stepped_clock.so"), source, "-ldl"]
        guard try SpawnedProcess(Self.compiler, arguments).waitUntilEnd() == .exited(0) else { throw NotCompiled() }
        try set(aheadMs: 0)
    }

    /// The environment of a process that is to see this clock.
    var environment: [String: String] {
        ["LD_PRELOAD": folder.path("stepped_clock.so"), "STEPPED_CLOCK": folder.path("ahead")]
    }

    /// - Parameter milliseconds: how far the clock is ahead of this machine's clock from here on.
    func set(aheadMs milliseconds: Int64) throws {
        let bytes = withUnsafeBytes(of: milliseconds) { Data($0) }
        let path = folder.path("ahead")
        if !FileManager.default.fileExists(atPath: path) { try bytes.write(to: URL(fileURLWithPath: path)) }
        // The file is written in place, because the process keeps it mapped.
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: bytes)
        try file.close()
    }

    private static let compiler = "/usr/bin/cc"

    static let isPossible = FileManager.default.isExecutableFile(atPath: compiler)
}
