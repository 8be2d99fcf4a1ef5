import ArgumentParser
import UnixSignals

/// Runs work that an interrupt cancels, so that it can clean up before the process ends.
enum SignalledTask {
    /// - Throws: the errors of `work`; an `ExitCode` after SIGINT or SIGTERM has cancelled it.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await work() }
        let signals = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { task.cancel() }
        }
        defer { signals.cancel() }
        do {
            return try await task.value
        } catch  where task.isCancelled {
            // 128 + SIGINT, as in shells.
            throw ExitCode(130)
        }
    }
}
