import Foundation

@testable import BreakerEngine

/// The writer's thread, held by a command that does nothing.
struct Standstill: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func end() { semaphore.signal() }

    fileprivate func wait() { semaphore.wait() }
}

extension Engine {
    /// Carries out `body` while the writer stands still; it goes on behind, if `body` did not let it go before.
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

    /// Waits until so many commands are queued behind the one that holds the writer.
    func waitForQueue(of depth: Int) async {
        while queueDepth < depth { await Task.yield() }
    }
}
