import BreakerCore
import Testing

@testable import BreakerEngine

@Suite("The queue")
struct CommandQueueTests {
    private func command(weight: Int = 1, deadline: Int64 = 0) -> Command {
        Command(
            kind: .change({ _, _ in { _ in } }, refuse: { _ in }),
            deadlineMs: deadline,
            weight: weight
        )
    }

    /// Commands are told apart by their deadline here.
    private func deadlines(_ batch: [Command]) -> [Int64] { batch.map(\.deadlineMs) }

    @Test("Only the first command behind an idle queue starts a drain, and only an empty batch ends it")
    func startsOneDrain() {
        var queue = CommandQueue(capacity: 10, batchWeight: 10)
        #expect(queue.append(command()) == .startDrain)
        #expect(queue.append(command()) == .queued)
        #expect(queue.take().count == 2)
        #expect(queue.append(command()) == .queued)
        #expect(queue.take().count == 1)
        #expect(queue.take().isEmpty)
        #expect(queue.append(command()) == .startDrain)
    }

    @Test("A queue refuses what is beyond its capacity, and has room again once a batch is taken")
    func isBounded() {
        var queue = CommandQueue(capacity: 2, batchWeight: 1)
        #expect(queue.append(command()) == .startDrain)
        #expect(queue.append(command()) == .queued)
        #expect(queue.append(command()) == .full)
        #expect(queue.depth == 2)
        _ = queue.take()
        #expect(queue.append(command()) == .queued)
    }

    @Test(
        "A batch is as heavy as it may be, in order, and has one command at least",
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
        for (place, weight) in weights.enumerated() {
            _ = queue.append(command(weight: weight, deadline: Int64(place)))
        }
        #expect(deadlines(queue.take()) == (0..<Int64(expected)).map { $0 })
    }

    @Test("A closed queue takes nothing in, and hands out what it has")
    func closes() {
        var queue = CommandQueue(capacity: 10, batchWeight: 10)
        _ = queue.append(command())
        queue.close()
        #expect(queue.append(command()) == .closed)
        #expect(queue.take().count == 1)
        #expect(queue.take().isEmpty)
        #expect(queue.append(command()) == .closed)
    }

    @Test("Order holds over many bursts, whatever goes back", arguments: [1, 7, 64, 1_024, 100_000])
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
                queue.putBack(Array(batch[kept...]))
                #expect(queue.depth == Int(next - taken))
            }
        }
        while case let batch = queue.take(), !batch.isEmpty { check(batch[...]) }
        #expect(taken == next)
        #expect(queue.depth == 0)
    }

    @Test("What is put back comes before what came since, and no more joins it")
    func putsBack() {
        var queue = CommandQueue(capacity: 10, batchWeight: 3)
        for deadline in [1, 2, 3] as [Int64] { _ = queue.append(command(deadline: deadline)) }
        let batch = queue.take()
        queue.putBack(Array(batch[1...]))
        #expect(queue.append(command(deadline: 4)) == .queued)
        #expect(queue.depth == 3)
        #expect(deadlines(queue.take()) == [2, 3])
        #expect(deadlines(queue.take()) == [4])
    }

    @Test("What is overdue leaves the queue, up to the first that is not")
    func takesOverdue() {
        var queue = CommandQueue(capacity: 10, batchWeight: 10)
        for deadline in [10, 20, 30] as [Int64] { _ = queue.append(command(deadline: deadline)) }
        #expect(queue.takeOverdue(atUptimeMs: 10).isEmpty)
        #expect(deadlines(queue.takeOverdue(atUptimeMs: 21)) == [10, 20])
        #expect(queue.depth == 1)
        #expect(deadlines(queue.take()) == [30])
        #expect(queue.take().isEmpty)
    }

    @Test("What is overdue leaves the queue over many batches")
    func takesOverdueBatches() {
        var queue = CommandQueue(capacity: 10, batchWeight: 2)
        for deadline in 1...7 as ClosedRange<Int64> { _ = queue.append(command(deadline: deadline)) }
        #expect(deadlines(queue.takeOverdue(atUptimeMs: 6)) == [1, 2, 3, 4, 5])
        #expect(queue.append(command(deadline: 8)) == .queued)
        #expect(deadlines(queue.takeOverdue(atUptimeMs: 9)) == [6, 7, 8])
        #expect(queue.append(command(deadline: 9)) == .queued)
        #expect(deadlines(queue.take()) == [9])
        #expect(queue.depth == 0)
    }
}

extension CommandQueue {
    fileprivate mutating func take() -> [Command] {
        var batch: [Command] = []
        take(into: &batch)
        return batch
    }
}
