import BreakerCore
import Testing

@testable import BreakerEngine

@Suite("The queue")
struct CommandQueueTests {
    private func command(weight: Int = 1, deadline: Int64 = 0) -> Command {
        Command(
            kind: .change({ _, _ in { _ in } }, refuse: { _ in }),
            deadline: Instant(milliseconds: deadline),
            weight: weight
        )
    }

    /// Commands are told apart by their deadline here.
    private func deadlines(_ batch: [Command]) -> [Int64] { batch.map(\.deadline.milliseconds) }

    @Test("Only the first command behind an idle queue starts a drain, and only an empty batch ends it")
    func startsOneDrain() {
        var queue = CommandQueue(capacity: 10)
        #expect(queue.append(command()) == .startDrain)
        #expect(queue.append(command()) == .queued)
        #expect(queue.take(weight: 10).count == 2)
        #expect(queue.append(command()) == .queued)
        #expect(queue.take(weight: 10).count == 1)
        #expect(queue.take(weight: 10).isEmpty)
        #expect(queue.append(command()) == .startDrain)
    }

    @Test("A queue refuses what is beyond its capacity, and has room again once a batch is taken")
    func isBounded() {
        var queue = CommandQueue(capacity: 2)
        #expect(queue.append(command()) == .startDrain)
        #expect(queue.append(command()) == .queued)
        #expect(queue.append(command()) == .full)
        #expect(queue.depth == 2)
        _ = queue.take(weight: 1)
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
        var queue = CommandQueue(capacity: 10)
        for (place, weight) in weights.enumerated() {
            _ = queue.append(command(weight: weight, deadline: Int64(place)))
        }
        #expect(deadlines(queue.take(weight: limit)) == (0..<Int64(expected)).map { $0 })
    }

    @Test("A closed queue takes nothing in, and hands out what it has")
    func closes() {
        var queue = CommandQueue(capacity: 10)
        _ = queue.append(command())
        queue.close()
        #expect(queue.append(command()) == .closed)
        #expect(queue.take(weight: 10).count == 1)
        #expect(queue.take(weight: 10).isEmpty)
        #expect(queue.append(command()) == .closed)
    }

    @Test("Order holds over many bursts, longer and shorter than the room that is kept")
    func keepsOrder() {
        var queue = CommandQueue(capacity: 100_000)
        var (next, taken) = (Int64(0), Int64(0))
        for burst in [1, 5_000, 3, 20_000, 4_096, 4_097, 1] {
            for _ in 0..<burst {
                _ = queue.append(command(deadline: next))
                next += 1
            }
            for deadline in deadlines(queue.take(weight: burst / 2 + 1)) {
                #expect(deadline == taken)
                taken += 1
            }
        }
        while case let batch = queue.take(weight: 1_000), !batch.isEmpty {
            for deadline in deadlines(batch) {
                #expect(deadline == taken)
                taken += 1
            }
        }
        #expect(taken == next)
    }

    @Test("What is overdue leaves the queue, up to the first that is not")
    func takesOverdue() {
        var queue = CommandQueue(capacity: 10)
        for deadline in [10, 20, 30] as [Int64] { _ = queue.append(command(deadline: deadline)) }
        #expect(queue.takeOverdue(at: Instant(milliseconds: 10)).isEmpty)
        #expect(deadlines(queue.takeOverdue(at: Instant(milliseconds: 21))) == [10, 20])
        #expect(deadlines(queue.take(weight: 10)) == [30])
        #expect(queue.take(weight: 10).isEmpty)
    }
}
