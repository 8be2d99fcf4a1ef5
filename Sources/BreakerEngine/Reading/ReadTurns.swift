import NIOConcurrencyHelpers
import NIOCore

/// Limits how many reads run at once, and lets the clients take turns: one with a thousand reads delays another by one.
///
/// A read that has waited too long is refused without having run.
package final class ReadTurns: Sendable {
    /// For which client the task reads: the name of its token or its address; empty for the server itself.
    @TaskLocal package static var client = ""

    private struct Waiting {
        var deadlineMs: Int64
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var running = 0
        /// None is empty.
        var queues: [String: CircularBuffer<Waiting>] = [:]
        /// The clients that have a queue, the next one first.
        var clients = CircularBuffer<String>()

        /// Takes out the read that is next.
        mutating func next() -> Waiting? {
            guard let client = clients.popFirst(), var queue = queues.removeValue(forKey: client) else { return nil }
            let first = queue.removeFirst()
            if !queue.isEmpty {
                queues[client] = queue
                clients.append(client)
            }
            return first
        }
    }

    private let state = NIOLockedValueBox(State())
    private let width: Int
    private let patienceMs: Int64
    private let clock: any ServerClock

    /// - Parameters:
    ///   - width: how many reads run at a time.
    ///   - patienceMs: how long a read may wait for its turn, in milliseconds.
    init(width: Int, patienceMs: Int64, clock: any ServerClock) {
        precondition(width > 0, "\(width) reads at a time are none")
        self.width = width
        self.patienceMs = patienceMs
        self.clock = clock
    }

    /// How many reads wait.
    var depth: Int { state.withLockedValue { $0.queues.values.reduce(0) { $0 + $1.count } } }

    /// Runs `body` when its turn has come. `body` must not ask for another turn.
    /// - Throws: ``EngineError/Code/overloaded`` where that was not in time, and what `body` throws.
    func run<Value>(_ body: () async throws(EngineError) -> Value) async throws(EngineError) -> Value {
        guard await begin() else {
            throw EngineError(.overloaded, "too many reads are waiting; retry later")
        }
        defer { end() }
        return try await body()
    }

    private func begin() async -> Bool {
        let (client, deadlineMs) = (Self.client, clock.uptimeMs() + patienceMs)
        return await withCheckedContinuation { continuation in
            let runs = state.withLockedValue { state in
                guard state.running == width else {
                    state.running += 1
                    return true
                }
                if state.queues[client] == nil { state.clients.append(client) }
                state.queues[client, default: CircularBuffer()].append(
                    Waiting(deadlineMs: deadlineMs, continuation: continuation)
                )
                return false
            }
            if runs { continuation.resume(returning: true) }
        }
    }

    private func end() {
        let uptimeMs = clock.uptimeMs()
        var late: [Waiting] = []
        let next = state.withLockedValue { state in
            while let next = state.next() {
                if next.deadlineMs >= uptimeMs { return next as Waiting? }
                late.append(next)
            }
            state.running -= 1
            return nil
        }
        next?.continuation.resume(returning: true)
        for read in late { read.continuation.resume(returning: false) }
    }

    /// Refuses what has waited too long, also while the reads that run do not end.
    func refuseOverdue() {
        let uptimeMs = clock.uptimeMs()
        let late = state.withLockedValue { state in
            var late: [Waiting] = []
            for (client, queue) in state.queues {
                // The oldest is first.
                let overdue = queue.prefix { $0.deadlineMs < uptimeMs }
                guard !overdue.isEmpty else { continue }
                late += overdue
                let rest = queue.dropFirst(overdue.count)
                state.queues[client] = rest.isEmpty ? nil : CircularBuffer(rest)
            }
            state.clients = state.clients.filter { [queues = state.queues] in queues[$0] != nil }
            return late
        }
        for read in late { read.continuation.resume(returning: false) }
    }
}
