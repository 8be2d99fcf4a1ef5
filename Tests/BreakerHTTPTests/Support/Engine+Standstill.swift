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
