import BreakerCore

/// Commands on their way to the writer. A value; the shell keeps it under a lock.
///
/// Each client's commands stay in order, and clients take turns: a batch takes one group of each client in turn, as far
/// as they fit. So a client waits for one group of each other client at most, however many commands these have waiting,
/// and a client that comes while a batch is carried out is served before the clients of that batch.
///
/// Commands gather in the groups in which they are handed out, so that on their usual way none is copied or released under
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

    enum Appended {
        /// The caller starts a drain.
        case startDrain
        /// A drain is under way.
        case queued
        /// The queue is full. The command is in it, and this one of the client with the most commands had to leave.
        case replaced(Command)
        /// The queue is full, and the client has its part of it; nothing was appended.
        case full
        /// The queue is closed; nothing was appended.
        case closed
    }

    private var lanes: [Client: Lane] = [:]
    /// The clients that have commands waiting; the next to be served is the first.
    private var turns: [Client] = []
    /// Clients that were served in the last batch and have more commands. They come after ``turns``.
    private var served: [Client] = []
    /// Empty groups with room.
    private var spares: [[Command]] = []
    private var state = State.idle
    private let capacity: Int
    private let batchWeight: Int

    /// How many commands wait.
    private(set) var depth = 0

    /// The uptime at which the command that has waited longest is overdue; `nil` where none waits.
    var firstDeadlineMs: Int64? { (turns + served).compactMap { lanes[$0]?.firstDeadlineMs }.min() }

    /// - Parameters:
    ///   - capacity: how many commands may wait.
    ///   - batchWeight: how heavy the commands of a batch are together, if they are of one client; only a single command
    ///     may be heavier. Those of several clients are half as heavy, so that a light one does not wait for a heavy one.
    init(capacity: Int, batchWeight: Int) {
        precondition(capacity > 0, "a queue holds at least one command, not \(capacity)")
        self.capacity = capacity
        self.batchWeight = batchWeight
    }

    mutating func append(_ command: Command) -> Appended {
        guard state != .closed else { return .closed }
        var replaced: Command?
        if depth >= capacity {
            guard let last = takeLastOfLargest(beside: command.client) else { return .full }
            replaced = last
        }
        depth += 1
        if lanes[command.client, default: Lane()].append(command, groupWeight: batchWeight, &spares) {
            turns.append(command.client)
        }
        if let replaced { return .replaced(replaced) }
        guard state == .idle else { return .queued }
        state = .draining
        return .startDrain
    }

    /// Takes the newest command of the client that has the most waiting.
    /// - Returns: `nil` where `client` has an equal part already, or no client has more than it would have.
    private mutating func takeLastOfLargest(beside client: Client) -> Command? {
        let own = (lanes[client]?.depth ?? 0) + 1
        // Search only for a client that holds less than an equal share.
        guard own * (turns.count + served.count) <= depth else { return nil }
        let clients = turns + served
        guard let largest = clients.max(by: { (lanes[$0]?.depth ?? 0) < (lanes[$1]?.depth ?? 0) }),
            let most = lanes[largest]?.depth, most > own, let last = lanes[largest]?.takeLast()
        else { return nil }
        depth -= 1
        return last
    }

    /// Hands out the next batch: the first group of each client in turn, as far as they fit.
    ///
    /// - Parameter batch: holds empty groups, whose room is used for commands to come. Empty after the call where nothing
    ///   is left: the drain has ended then.
    mutating func take(into batch: inout [[Command]]) {
        precondition(batch.allSatisfy(\.isEmpty), "\(batch.count) groups of commands would be lost")
        spares.append(contentsOf: batch.prefix(max(0, Self.keptSpares - spares.count)))
        batch.removeAll(keepingCapacity: true)
        turns += served
        served.removeAll(keepingCapacity: true)
        guard !turns.isEmpty else {
            if state == .draining { state = .idle }
            return
        }
        var (weight, waiting) = (0, [Client]())
        for (index, client) in turns.enumerated() {
            guard batch.isEmpty || weight < batchWeight / 2 else {
                waiting += turns[index...]
                break
            }
            guard let next = lanes[client]?.firstWeight else {
                preconditionFailure("a client without commands has a turn")
            }
            guard batch.isEmpty || weight + next <= batchWeight / 2 else {
                waiting.append(client)
                continue
            }
            weight += next
            lanes[client]?.takeFirst(into: &batch)
            if lanes[client]?.depth != 0 { served.append(client) }
        }
        turns = waiting
        depth -= batch.reduce(0) { $0 + $1.count }
        forgetIdleLanes()
    }

    /// Takes back the end of the batch that was taken last, each client's commands as its next group.
    ///
    /// - Parameters:
    ///   - rest: the end of a group of which some commands were carried out; its client has had its turn.
    ///   - groups: groups of which none was; their clients are the next.
    mutating func putBack(_ rest: [Command], _ groups: [[Command]]) {
        if let client = putBack(rest) { served.append(client) }
        turns.insert(contentsOf: groups.compactMap { putBack($0) }, at: 0)
    }

    /// - Returns: whose the commands are; it has no turn.
    private mutating func putBack(_ group: [Command]) -> Client? {
        guard let client = group.first?.client else { return nil }
        if lanes[client, default: Lane()].depth > 0 {
            turns.removeAll { $0 == client }
            served.removeAll { $0 == client }
        }
        lanes[client, default: Lane()].putBack(group)
        depth += group.count
        return client
    }

    /// The commands whose deadline has passed: they leave the queue without having been begun.
    mutating func takeOverdue(atUptimeMs uptimeMs: Int64) -> [Command] {
        var overdue: [Command] = []
        for client in turns + served { lanes[client]?.takeOverdue(atUptimeMs: uptimeMs, into: &overdue) }
        depth -= overdue.count
        turns.removeAll { lanes[$0]?.depth == 0 }
        served.removeAll { lanes[$0]?.depth == 0 }
        return overdue
    }

    /// Takes nothing in from here on; what is queued is still handed out.
    mutating func close() {
        state = .closed
    }

    /// A client that comes back soon finds its lane, with its room.
    private mutating func forgetIdleLanes() {
        guard lanes.count > 2 * (turns.count + served.count) + Self.keptLanes else { return }
        lanes = lanes.filter { $0.value.depth > 0 }
    }

    /// How many lanes are kept without commands.
    private static let keptLanes = 1_024
    /// How many empty groups are kept.
    private static let keptSpares = 8
}

/// The commands of one client, in order.
private struct Lane {
    private struct Group {
        var commands: [Command]
        var weight: Int
    }

    /// Those before ``head`` have been handed out; none of the others is empty.
    private var groups: [Group] = []
    private var head = 0
    private(set) var depth = 0

    var firstDeadlineMs: Int64? { head < groups.count ? groups[head].commands.first?.deadlineMs : nil }

    /// How heavy the next group is; `nil` where nothing waits.
    var firstWeight: Int? { head < groups.count ? groups[head].weight : nil }

    /// - Parameter groupWeight: how heavy a group of several commands may be.
    /// - Returns: whether it is the first command that waits.
    mutating func append(_ command: Command, groupWeight: Int, _ spares: inout [[Command]]) -> Bool {
        if head == groups.count || groups[groups.count - 1].weight + command.weight > groupWeight {
            groups.append(Group(commands: spares.popLast() ?? [], weight: 0))
        }
        groups[groups.count - 1].commands.append(command)
        groups[groups.count - 1].weight += command.weight
        depth += 1
        return depth == 1
    }

    mutating func takeFirst(into batch: inout [[Command]]) {
        batch.append([])
        swap(&batch[batch.count - 1], &groups[head].commands)
        depth -= batch[batch.count - 1].count
        head += 1
        forgetHandedOut()
    }

    mutating func takeLast() -> Command? {
        guard head < groups.count, let last = groups[groups.count - 1].commands.popLast() else { return nil }
        depth -= 1
        groups[groups.count - 1].weight -= last.weight
        if groups[groups.count - 1].commands.isEmpty { groups.removeLast() }
        forgetHandedOut()
        return last
    }

    mutating func putBack(_ commands: [Command]) {
        groups.insert(Group(commands: commands, weight: commands.reduce(0) { $0 + $1.weight }), at: head)
        depth += commands.count
    }

    mutating func takeOverdue(atUptimeMs uptimeMs: Int64, into overdue: inout [Command]) {
        while head < groups.count {
            let late = groups[head].commands.prefix { $0.deadlineMs < uptimeMs }
            overdue += late
            depth -= late.count
            guard late.count == groups[head].commands.count else {
                groups[head].weight -= late.reduce(0) { $0 + $1.weight }
                groups[head].commands.removeFirst(late.count)
                break
            }
            groups[head].commands = []
            head += 1
        }
        forgetHandedOut()
    }

    private mutating func forgetHandedOut() {
        guard head == groups.count || head >= Self.keptPlaces else { return }
        groups.removeFirst(head)
        head = 0
    }

    /// How many places of groups that were handed out are kept, so that a deep queue is seldom moved up.
    private static let keptPlaces = 64
}
