import NIOConcurrencyHelpers
import NIOCore

/// Limits how many reads run at once, and lets clients take turns: a client with a thousand reads delays another by
/// one.
///
/// A read that has waited too long is refused without having run. A read whose task is cancelled leaves the queue.
package final class ReadTurns: Sendable {
    /// The client for which the task reads: the name of its token, or its address; empty for the server itself.
    @TaskLocal package static var client = ""

    private enum Answer {
        case begun, late, cancelled
    }

    private struct Waiting {
        var ticket: Int
        var deadlineMs: Int64
        var continuation: CheckedContinuation<Answer, Never>
    }

    private struct State {
        var running = 0
        /// No queue is empty.
        var queues: [String: CircularBuffer<Waiting>] = [:]
        /// The clients that have a queue, the next one first.
        var clients = CircularBuffer<String>()
        var tickets = 0

        /// Removes and returns the next read.
        mutating func next() -> Waiting? {
            guard let client = clients.popFirst(), var queue = queues.removeValue(forKey: client) else { return nil }
            let first = queue.removeFirst()
            if !queue.isEmpty {
                queues[client] = queue
                clients.append(client)
            }
            return first
        }

        /// Removes and returns the read with this ticket, if it waits.
        mutating func remove(_ ticket: Int, of client: String) -> Waiting? {
            guard let index = queues[client]?.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            let read = queues[client]?.remove(at: index)
            if queues[client]?.isEmpty == true {
                queues[client] = nil
                clients.removeAll { $0 == client }
            }
            return read
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
    /// - Throws: ``EngineError/Code/overloaded`` if the turn did not come in time, ``EngineError/cancelled``, and any
    ///   error that `body` throws.
    func run<Value>(_ body: () async throws(EngineError) -> Value) async throws(EngineError) -> Value {
        switch await begin() {
        case .begun: break
        case .late: throw EngineError(.overloaded, "too many reads are waiting; retry later")
        case .cancelled: throw .cancelled
        }
        defer { end() }
        return try await body()
    }

    private func begin() async -> Answer {
        let (client, deadlineMs) = (Self.client, clock.uptimeMs() + patienceMs)
        let ticket = state.withLockedValue { state in
            state.tickets += 1
            return state.tickets
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Answer? = state.withLockedValue { state in
                    // Checked under the lock, so that a later cancellation finds the read in its queue.
                    guard !Task.isCancelled else { return .cancelled }
                    guard state.running == width else {
                        state.running += 1
                        return .begun
                    }
                    if state.queues[client] == nil { state.clients.append(client) }
                    state.queues[client, default: CircularBuffer()].append(
                        Waiting(ticket: ticket, deadlineMs: deadlineMs, continuation: continuation)
                    )
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let read = state.withLockedValue { $0.remove(ticket, of: client) }
            read?.continuation.resume(returning: .cancelled)
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
        next?.continuation.resume(returning: .begun)
        for read in late { read.continuation.resume(returning: .late) }
    }

    /// Refuses the reads that have waited too long, even while the running reads do not end.
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
        for read in late { read.continuation.resume(returning: .late) }
    }
}
