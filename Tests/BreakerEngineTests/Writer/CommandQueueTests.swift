import BreakerCore
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("The command queue")
struct CommandQueueTests {
    private func command(_ client: Client = .server, weight: Int = 1, deadline: Int64 = 0) -> Command {
        Command(
            client: client,
            kind: .change({ _, _ in { _ in } }, refuse: { _ in }),
            deadlineMs: deadline,
            weight: weight
        )
    }

    /// The deadlines of commands. These tests identify a command by its deadline.
    private func deadlines(_ batch: [Command]) -> [Int64] { batch.map(\.deadlineMs) }

    @Test("Only the first command in an idle queue starts a drain, and only an empty batch ends it")
    func startsOneDrain() {
        var queue = CommandQueue(capacity: 10, batchWeight: 10)
        #expect(queue.append(command()).isStartDrain)
        #expect(queue.append(command()).isQueued)
        #expect(queue.take().count == 2)
        #expect(queue.append(command()).isQueued)
        #expect(queue.take().count == 1)
        #expect(queue.take().isEmpty)
        #expect(queue.append(command()).isStartDrain)
    }

    @Test("A full queue refuses commands, and has room again once a batch is taken")
    func isBounded() {
        var queue = CommandQueue(capacity: 2, batchWeight: 1)
        #expect(queue.append(command()).isStartDrain)
        #expect(queue.append(command()).isQueued)
        #expect(queue.append(command()).isFull)
        #expect(queue.depth == 2)
        _ = queue.take()
        #expect(queue.append(command()).isQueued)
    }

    @Test(
        "A batch has commands in order up to its weight limit, and at least one command",
        arguments: [
            (weights: [1, 1, 1], limit: 2, expected: 2),
            (weights: [1, 1, 1], limit: 3, expected: 3),
            (weights: [5, 1], limit: 3, expected: 1),
            (weights: [2, 5, 1], limit: 6, expected: 1),
            (weights: [2, 4, 1], limit: 6, expected: 2),
        ]
    )
    func batchWeight(weights: [Int], limit: Int, expected: Int) {
        var queue = CommandQueue(capacity: 10, batchWeight: limit)
        for (index, weight) in weights.enumerated() {
            _ = queue.append(command(weight: weight, deadline: Int64(index)))
        }
        #expect(deadlines(queue.take()) == (0..<Int64(expected)).map { $0 })
    }

    @Test("A closed queue refuses commands and hands out those that it has")
    func closes() {
        var queue = CommandQueue(capacity: 10, batchWeight: 10)
        _ = queue.append(command())
        queue.close()
        #expect(queue.append(command()).isClosed)
        #expect(queue.take().count == 1)
        #expect(queue.take().isEmpty)
        #expect(queue.append(command()).isClosed)
    }

    @Test(
        "The queue keeps the order of commands over many bursts, even if commands are put back",
        arguments: [1, 7, 64, 1_024, 100_000]
    )
    func keepsOrder(batchWeight: Int) {
        var queue = CommandQueue(capacity: 100_000, batchWeight: batchWeight)
        var (next, taken) = (Int64(0), Int64(0))
        func check(_ batch: ArraySlice<Command>) {
            for deadline in deadlines(Array(batch)) {
                #expect(deadline == taken)
                taken += 1
            }
        }
        for burst in [1, 5_000, 3, 20_000, 4_096, 4_097, 1] {
            for _ in 0..<burst {
                _ = queue.append(command(deadline: next))
                next += 1
            }
            for _ in 0..<burst / 2 / batchWeight + 1 {
                let batch = queue.take()
                let kept = (batch.count + 1) / 2
                check(batch[..<kept])
                queue.putBack(Array(batch[kept...]), [])
                #expect(queue.depth == Int(next - taken))
            }
        }
        while case let batch = queue.take(), !batch.isEmpty { check(batch[...]) }
        #expect(taken == next)
        #expect(queue.depth == 0)
    }

    @Test("Commands that are put back come before later ones")
    func putsBack() {
        var queue = CommandQueue(capacity: 10, batchWeight: 3)
        for deadline in [1, 2, 3] as [Int64] { _ = queue.append(command(deadline: deadline)) }
        let batch = queue.take()
        queue.putBack(Array(batch[1...]), [])
        for deadline in [4, 5] as [Int64] { #expect(queue.append(command(deadline: deadline)).isQueued) }
        #expect(queue.depth == 4)
        #expect(deadlines(queue.take()) == [2, 3, 4])
        #expect(deadlines(queue.take()) == [5])
    }

    @Test("Overdue commands leave the queue, up to the first that is not overdue")
    func takesOverdue() {
        var queue = CommandQueue(capacity: 10, batchWeight: 10)
        for deadline in [10, 20, 30] as [Int64] { _ = queue.append(command(deadline: deadline)) }
        #expect(queue.takeOverdue(atUptimeMs: 10).isEmpty)
        #expect(deadlines(queue.takeOverdue(atUptimeMs: 21)) == [10, 20])
        #expect(queue.depth == 1)
        #expect(deadlines(queue.take()) == [30])
        #expect(queue.take().isEmpty)
    }

    @Test("Overdue commands leave the queue even if they make several batches")
    func takesOverdueBatches() {
        var queue = CommandQueue(capacity: 10, batchWeight: 2)
        for deadline in 1...7 as ClosedRange<Int64> { _ = queue.append(command(deadline: deadline)) }
        #expect(deadlines(queue.takeOverdue(atUptimeMs: 6)) == [1, 2, 3, 4, 5])
        #expect(queue.append(command(deadline: 8)).isQueued)
        #expect(deadlines(queue.takeOverdue(atUptimeMs: 9)) == [6, 7, 8])
        #expect(queue.append(command(deadline: 9)).isQueued)
        #expect(deadlines(queue.take()) == [9])
        #expect(queue.depth == 0)
    }
}

/// Tests of how clients take turns. A command's deadline identifies its client: 1 to 9 is the first client, 11 to 19
/// the second, and so on.
@Suite("The turns of the queue")
struct QueueTurnTests {
    private func client(_ number: Int64) -> Client { Client(Author(actor: "client-\(number)", address: nil)) }

    private func command(_ deadline: Int64, weight: Int = 1) -> Command {
        Command(
            client: client(deadline / 10),
            kind: .change({ _, _ in { _ in } }, refuse: { _ in }),
            deadlineMs: deadline,
            weight: weight
        )
    }

    private func deadlines(_ batch: [Command]) -> [Int64] { batch.map(\.deadlineMs) }

    @Test("A client waits for one group of another client, however many groups the other has")
    func takesTurns() {
        var queue = CommandQueue(capacity: 100, batchWeight: 10)
        for deadline in 1...4 as ClosedRange<Int64> { _ = queue.append(command(deadline, weight: 10)) }
        for deadline in 11...12 as ClosedRange<Int64> { _ = queue.append(command(deadline, weight: 10)) }
        #expect(deadlines(queue.take()) == [1])
        #expect(deadlines(queue.take()) == [11])
        #expect(deadlines(queue.take()) == [2])
        #expect(deadlines(queue.take()) == [12])
        #expect(deadlines(queue.take()) == [3])
        #expect(deadlines(queue.take()) == [4])
        #expect(queue.take().isEmpty)
    }

    @Test("A client that arrives while a batch is carried out is served before the clients of that batch")
    func servesTheNewcomerFirst() {
        var queue = CommandQueue(capacity: 100, batchWeight: 10)
        for deadline in 1...3 as ClosedRange<Int64> { _ = queue.append(command(deadline, weight: 10)) }
        #expect(deadlines(queue.take()) == [1])
        _ = queue.append(command(11))
        #expect(deadlines(queue.take()) == [11])
        #expect(deadlines(queue.take()) == [2])
    }

    @Test(
        "Groups of several clients share a batch up to half its weight limit, and the others follow in the next one",
        arguments: [(weight: 3, first: [1, 11, 12, 21], next: [31]), (4, [1, 11, 12, 31], [21])]
    )
    func sharesBatches(weight: Int, first: [Int64], next: [Int64]) {
        var queue = CommandQueue(capacity: 100, batchWeight: 12)
        for deadline in [1, 11, 12] as [Int64] { _ = queue.append(command(deadline)) }
        _ = queue.append(command(21, weight: weight))
        _ = queue.append(command(31))
        #expect(deadlines(queue.take()) == first)
        #expect(deadlines(queue.take()) == next)
    }

    @Test("Clients that always have commands waiting get equal shares, each in order", arguments: 1...10)
    func isFair(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var queue = CommandQueue(capacity: 10_000, batchWeight: 16)
        var (sent, taken) = ([Int](repeating: 0, count: 5), [Int](repeating: 0, count: 5))
        var served = [Int](repeating: 0, count: 5)
        for _ in 0..<2_000 {
            for client in 0..<5 where sent[client] - taken[client] < 50 {
                for _ in 0..<20 {
                    let command = Command(
                        client: self.client(Int64(client)),
                        kind: .change({ _, _ in { _ in } }, refuse: { _ in }),
                        deadlineMs: Int64(client * 1_000_000 + sent[client]),
                        weight: client == 0 ? 16 : Int.random(in: 1...4, using: &random)
                    )
                    _ = queue.append(command)
                    sent[client] += 1
                }
            }
            var batch: [[Command]] = []
            queue.take(into: &batch)
            let all = batch.flatMap(\.self)
            #expect(all.reduce(0) { $0 + $1.weight } <= 16, "seed \(seed)")
            for command in all {
                let client = Int(command.deadlineMs / 1_000_000)
                #expect(Int(command.deadlineMs) % 1_000_000 == taken[client], "seed \(seed)")
                taken[client] += 1
                served[client] += command.weight
            }
        }
        #expect(served.allSatisfy { $0 > 2_000 * 8 / 5 }, "seed \(seed): \(served)")
        #expect(queue.depth == zip(sent, taken).reduce(0) { $0 + $1.0 - $1.1 }, "seed \(seed)")
    }

    @Test("Commands put back from a batch keep their order, and the groups that were not begun are next")
    func putsBack() {
        var queue = CommandQueue(capacity: 100, batchWeight: 10)
        for deadline in [1, 2, 11, 12, 21] as [Int64] { _ = queue.append(command(deadline)) }
        var batch: [[Command]] = []
        queue.take(into: &batch)
        #expect(batch.map(deadlines) == [[1, 2], [11, 12], [21]])
        _ = queue.append(command(3))
        queue.putBack(Array(batch[0][1...]), Array(batch[1...]))
        #expect(queue.depth == 5)
        for index in batch.indices { batch[index] = [] }
        queue.take(into: &batch)
        #expect(batch.map(deadlines) == [[11, 12], [21], [2]])
        #expect(deadlines(queue.take()) == [3])
    }

    @Test("The groups put back from a batch are the next batch if its first group is done")
    func putsGroupsBack() {
        var queue = CommandQueue(capacity: 100, batchWeight: 10)
        for deadline in [1, 11] as [Int64] { _ = queue.append(command(deadline)) }
        var batch: [[Command]] = []
        queue.take(into: &batch)
        for deadline in [2, 12] as [Int64] { _ = queue.append(command(deadline, weight: 10)) }
        queue.putBack([], Array(batch[1...]))
        #expect(deadlines(queue.take()) == [11])
        #expect(deadlines(queue.take()) == [2])
        #expect(deadlines(queue.take()) == [12])
    }

    @Test("In a full queue a command of another client replaces the newest command of the client with the most")
    func refusesTheLargest() {
        var queue = CommandQueue(capacity: 4, batchWeight: 10)
        for deadline in 1...4 as ClosedRange<Int64> { _ = queue.append(command(deadline)) }
        #expect(queue.append(command(5)).isFull)
        #expect(queue.append(command(11)).replaced == 4)
        #expect(queue.append(command(21)).replaced == 3)
        #expect(queue.append(command(3)).isFull)
        #expect(queue.append(command(12)).isFull)
        #expect(queue.append(command(31)).replaced == 2)
        #expect(queue.append(command(41)).isFull)
        #expect(queue.depth == 4)
        #expect(deadlines(queue.take()) == [1, 11, 21, 31])
        #expect(queue.append(command(41)).isQueued)
    }

    @Test("The overdue commands of every client leave the queue")
    func takesOverdue() {
        var queue = CommandQueue(capacity: 100, batchWeight: 10)
        for deadline in [11, 1, 2, 12, 21] as [Int64] { _ = queue.append(command(deadline)) }
        #expect(queue.firstDeadlineMs == 1)
        #expect(Set(deadlines(queue.takeOverdue(atUptimeMs: 12))) == [1, 2, 11])
        #expect(queue.firstDeadlineMs == 12)
        #expect(queue.depth == 2)
        #expect(deadlines(queue.take()) == [12, 21])
    }

    @Test("Clients are identified by their tokens' names, or by their addresses if they have no token")
    func identifiesClients() {
        func client(_ actor: String, _ address: String) -> Client { Client(Author(actor: actor, address: address)) }
        #expect(client("checkout", "10.0.0.1") == client("checkout", "10.0.0.2"))
        #expect(client("checkout", "10.0.0.1") != client("search", "10.0.0.1"))
        #expect(client(Author.anonymous, "10.0.0.1") == client(Author.anonymous, "10.0.0.1"))
        #expect(client(Author.anonymous, "10.0.0.1") != client(Author.anonymous, "10.0.0.2"))
    }
}

extension CommandQueue {
    fileprivate mutating func take() -> [Command] {
        var batch: [[Command]] = []
        take(into: &batch)
        return batch.flatMap(\.self)
    }
}

extension CommandQueue.Appended {
    fileprivate var isStartDrain: Bool { if case .startDrain = self { true } else { false } }
    fileprivate var isQueued: Bool { if case .queued = self { true } else { false } }
    fileprivate var isFull: Bool { if case .full = self { true } else { false } }
    fileprivate var isClosed: Bool { if case .closed = self { true } else { false } }
    /// The deadline of the command that was replaced.
    fileprivate var replaced: Int64? { if case .replaced(let command) = self { command.deadlineMs } else { nil } }
}
