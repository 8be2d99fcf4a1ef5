import BreakerCore

/// The commands that wait for the writer. This is a value type; the engine keeps it under a lock.
///
/// The commands of one client stay in order, and clients take turns: a batch takes one group from each client in turn,
/// as long as the groups fit. A client therefore waits for at most one group of each other client, however many
/// commands the others have queued. A client that arrives while a batch is carried out is served before the clients of
/// that batch.
///
/// Commands are collected in the groups in which they are handed out, so that normally no command is copied or released
/// under the lock.
struct CommandQueue {
    private enum State {
        /// No drain is running; the queue is empty.
        case idle
        /// A drain is running or about to start.
        case draining
        /// The queue takes no more commands.
        case closed
    }

    enum Appended {
        /// The command is in the queue, and the caller has to start a drain.
        case startDrain
        /// The command is in the queue, and a drain is running.
        case queued
        /// The queue is full. It took the command in place of this one, which is of the client with the most commands.
        case replaced(Command)
        /// The queue is full, and the client has its share of it; nothing was appended.
        case full
        /// The queue is closed; nothing was appended.
        case closed
    }

    private var lanes: [Client: Lane] = [:]
    /// The clients that have commands waiting. The first is served next.
    private var turns: [Client] = []
    /// Clients that were served in the last batch and have more commands. They come after ``turns``.
    private var served: [Client] = []
    /// Empty groups, kept for their capacity.
    private var spares: [[Command]] = []
    private var state = State.idle
    private let capacity: Int
    private let batchWeight: Int

    /// How many commands wait.
    private(set) var depth = 0

    /// The deadline of the command that has waited longest, as an uptime; `nil` if no command waits.
    var firstDeadlineMs: Int64? { (turns + served).compactMap { lanes[$0]?.firstDeadlineMs }.min() }

    /// - Parameters:
    ///   - capacity: how many commands may wait.
    ///   - batchWeight: the most that the commands of a batch may weigh together if they are of one client; only a
    ///     single command may be heavier. Commands of several clients may weigh half as much, so that a light command
    ///     does not wait for a heavy one.
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

    /// Takes the newest command of the client that has the most commands waiting.
    /// - Returns: `nil` if `client` already has an equal share, or if no client has more commands than `client` would
    ///   have.
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

    /// Hands out the next batch: the first group of each client in turn, as long as the groups fit.
    ///
    /// - Parameter batch: empty groups, whose capacity the queue uses again. It is empty after the call if no command
    ///   waits; the drain has ended then.
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

    /// Takes back the end of the last batch. The commands of each client become its next group.
    ///
    /// - Parameters:
    ///   - rest: the end of a group of which some commands were carried out. Its client has had its turn.
    ///   - groups: groups of which no command was carried out. Their clients are served next.
    mutating func putBack(_ rest: [Command], _ groups: [[Command]]) {
        if let client = putBack(rest) { served.append(client) }
        turns.insert(contentsOf: groups.compactMap { putBack($0) }, at: 0)
    }

    /// - Returns: the client that sent the commands. It has no turn after this call; the caller gives it one.
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

    /// Removes and returns the commands whose deadline has passed.
    mutating func takeOverdue(atUptimeMs uptimeMs: Int64) -> [Command] {
        var overdue: [Command] = []
        for client in turns + served { lanes[client]?.takeOverdue(atUptimeMs: uptimeMs, into: &overdue) }
        depth -= overdue.count
        turns.removeAll { lanes[$0]?.depth == 0 }
        served.removeAll { lanes[$0]?.depth == 0 }
        return overdue
    }

    /// Refuses all further commands. Commands in the queue are still handed out.
    mutating func close() {
        state = .closed
    }

    /// Drops empty lanes once there are many. Until then a client that comes back finds its lane, with its capacity.
    private mutating func forgetIdleLanes() {
        guard lanes.count > 2 * (turns.count + served.count) + Self.keptLanes else { return }
        lanes = lanes.filter { $0.value.depth > 0 }
    }

    /// How many lanes without commands are kept.
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

    /// The groups before ``head`` have been handed out. No other group is empty.
    private var groups: [Group] = []
    private var head = 0
    private(set) var depth = 0

    var firstDeadlineMs: Int64? { head < groups.count ? groups[head].commands.first?.deadlineMs : nil }

    /// The weight of the next group; `nil` if no command waits.
    var firstWeight: Int? { head < groups.count ? groups[head].weight : nil }

    /// - Parameter groupWeight: the most that a group of several commands may weigh.
    /// - Returns: whether the lane was empty before.
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
        guard head == groups.count || head >= Self.keptHandedOut else { return }
        groups.removeFirst(head)
        head = 0
    }

    /// How many groups that were handed out stay in the array, so that the groups of a deep queue are seldom moved.
    private static let keptHandedOut = 64
}
