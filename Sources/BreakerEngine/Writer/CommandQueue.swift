import BreakerCore

/// Commands on their way to the writer, in order. A value; the shell keeps it under a lock.
struct CommandQueue {
    private enum State {
        /// Nobody drains; the queue is empty.
        case idle
        /// Somebody drains, or is about to.
        case draining
        /// Nothing more is taken in.
        case closed
    }

    enum Appended: Equatable {
        /// The caller starts a drain.
        case startDrain
        /// A drain is under way.
        case queued
        /// The queue is full; nothing was appended.
        case full
        /// The queue is closed; nothing was appended.
        case closed
    }

    private var commands: [Command] = []
    /// Commands before this place have been handed out.
    private var head = 0
    private var state = State.idle
    private let capacity: Int

    init(capacity: Int) {
        precondition(capacity > 0, "a queue holds at least one command, not \(capacity)")
        self.capacity = capacity
    }

    var depth: Int { commands.count - head }

    mutating func append(_ command: Command) -> Appended {
        guard state != .closed else { return .closed }
        guard depth < capacity else { return .full }
        commands.append(command)
        guard state == .idle else { return .queued }
        state = .draining
        return .startDrain
    }

    /// The next batch: commands in order, together no heavier than `weight`, but one at least.
    /// - Returns: an empty batch where nothing is left; the drain has ended then.
    mutating func take(weight: Int) -> [Command] {
        var end = head
        var sum = 0
        while end < commands.count, end == head || sum + commands[end].weight <= weight {
            sum += commands[end].weight
            end += 1
        }
        let batch = Array(commands[head..<end])
        head = end
        if head == commands.count {
            commands.removeAll(keepingCapacity: head <= Self.keptCapacity)
            head = 0
        } else if head >= Self.keptCapacity {
            commands.removeFirst(head)
            head = 0
        }
        if batch.isEmpty, state == .draining { state = .idle }
        return batch
    }

    /// The commands whose deadline has passed: they leave the queue without having been begun.
    mutating func takeOverdue(at now: Instant) -> [Command] {
        var end = head
        while end < commands.count, commands[end].deadline < now { end += 1 }
        defer { head = end }
        return Array(commands[head..<end])
    }

    /// Takes nothing in from here on; what is queued is still handed out.
    mutating func close() {
        state = .closed
    }

    /// Room that is worth keeping between bursts, and how much may be spent on places already handed out.
    private static let keptCapacity = 4_096
}
