import ArgumentParser
import UnixSignals

/// Work that an interrupt cancels, so that it cleans up before the process ends.
enum SignalledTask {
    /// - Throws: what `work` throws; an `ExitCode` once SIGINT or SIGTERM has cancelled it.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await work() }
        let signals = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { task.cancel() }
        }
        defer { signals.cancel() }
        do {
            return try await task.value
        } catch  where task.isCancelled {
            // 128 + SIGINT, as shells have it.
            throw ExitCode(130)
        }
    }
}
