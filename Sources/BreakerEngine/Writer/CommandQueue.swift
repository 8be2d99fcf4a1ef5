import BreakerCore

/// Commands on their way to the writer, in order. A value; the shell keeps it under a lock.
///
/// They gather in the batches in which they are handed out, so that on their usual way none is copied or released under
/// the lock.
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

    /// Those before ``head`` have been handed out; none of the others is empty.
    private var batches: [[Command]] = []
    private var head = 0
    /// How heavy the last batch is.
    private var lastWeight = 0
    /// An empty batch with room.
    private var spare: [Command] = []
    private var state = State.idle
    private let capacity: Int
    private let batchWeight: Int

    /// How many commands wait.
    private(set) var depth = 0

    /// The uptime at which the command that has waited longest is overdue; `nil` where none waits.
    var firstDeadlineMs: Int64? { head < batches.count ? batches[head].first?.deadlineMs : nil }

    /// - Parameters:
    ///   - capacity: how many commands may wait.
    ///   - batchWeight: how heavy the commands of a batch are together; only a single one may be heavier.
    init(capacity: Int, batchWeight: Int) {
        precondition(capacity > 0, "a queue holds at least one command, not \(capacity)")
        self.capacity = capacity
        self.batchWeight = batchWeight
    }

    mutating func append(_ command: Command) -> Appended {
        guard state != .closed else { return .closed }
        guard depth < capacity else { return .full }
        if head == batches.count || lastWeight + command.weight > batchWeight { beginBatch() }
        lastWeight += command.weight
        depth += 1
        batches[batches.count - 1].append(command)
        guard state == .idle else { return .queued }
        state = .draining
        return .startDrain
    }

    private mutating func beginBatch() {
        batches.append([])
        swap(&batches[batches.count - 1], &spare)
        lastWeight = 0
    }

    /// Hands out the next batch.
    /// - Parameter batch: empty; its room is used for commands to come. Empty behind the call where nothing is left: the
    ///   drain has ended then.
    mutating func take(into batch: inout [Command]) {
        precondition(batch.isEmpty, "\(batch.count) commands would be lost")
        guard head < batches.count else {
            if state == .draining { state = .idle }
            return
        }
        if batch.capacity > spare.capacity { swap(&batch, &spare) }
        swap(&batch, &batches[head])
        head += 1
        depth -= batch.count
        forgetHandedOut()
    }

    /// Takes back the end of a batch, as the next one.
    mutating func putBack(_ rest: [Command]) {
        guard !rest.isEmpty else { return }
        if head == batches.count { lastWeight = batchWeight }
        batches.insert(rest, at: head)
        depth += rest.count
    }

    /// The commands whose deadline has passed: they leave the queue without having been begun.
    mutating func takeOverdue(atUptimeMs uptimeMs: Int64) -> [Command] {
        var overdue: [Command] = []
        while head < batches.count {
            let late = batches[head].prefix { $0.deadlineMs < uptimeMs }
            overdue += late
            guard late.count == batches[head].count else {
                batches[head].removeFirst(late.count)
                break
            }
            batches[head] = []
            head += 1
        }
        depth -= overdue.count
        forgetHandedOut()
        return overdue
    }

    /// Takes nothing in from here on; what is queued is still handed out.
    mutating func close() {
        state = .closed
    }

    private mutating func forgetHandedOut() {
        guard head == batches.count || head >= Self.keptPlaces else { return }
        batches.removeFirst(head)
        head = 0
    }

    /// How many places of batches that were handed out are kept, so that a deep queue is seldom moved up.
    private static let keptPlaces = 64
}
