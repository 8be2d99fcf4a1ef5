import Foundation

@testable import BreakerEngine

/// Holds the writer's thread with a command that does nothing.
struct Standstill: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func end() { semaphore.signal() }

    fileprivate func wait() { semaphore.wait() }
}

extension Engine {
    /// Runs `body` while the writer is blocked. The writer continues when `body` ends the standstill or returns.
    func whileWriterStands(_ body: (Standstill) async throws -> Void) async throws {
        let standstill = Standstill()
        await withCheckedContinuation { standing in
            submit(
                .change(
                    { _, _ in
                        standing.resume()
                        standstill.wait()
                        return { _ in }
                    },
                    refuse: { _ in }
                ),
                from: .server
            )
        }
        defer { standstill.end() }
        try await body(standstill)
    }

    /// Waits until this many commands are queued after the one that blocks the writer.
    func waitForQueue(of depth: Int) async {
        while queueDepth < depth { await Task.yield() }
    }
}

/// Holds the lock that every SQLite write takes, as another writer on the same database would.
final class WriteLock {
    struct Failure: Error {
        var code: Int32
    }

    private let descriptor: Int32

    /// SQLite's write lock is this byte of the shared-memory file (sqlite.org/walformat.html, "WAL Locks"). A lock of
    /// an open file description conflicts even with locks of the same process.
    private static let writeLockByte = 120

    /// `F_OFD_SETLK`, which the Glibc module does not export.
    private static let setLock: Int32 = 37

    init(databasePath: String) throws {
        descriptor = open("\(databasePath)-shm", O_RDWR)
        var range = flock()
        range.l_type = Int16(F_WRLCK)
        range.l_whence = Int16(SEEK_SET)
        range.l_start = Self.writeLockByte
        range.l_len = 1
        guard descriptor >= 0, fcntl(descriptor, Self.setLock, &range) == 0 else { throw Failure(code: errno) }
    }

    deinit { close(descriptor) }

    /// Lets the other writer continue.
    func release() {
        var range = flock()
        range.l_type = Int16(F_UNLCK)
        range.l_whence = Int16(SEEK_SET)
        _ = fcntl(descriptor, Self.setLock, &range)
    }
}
